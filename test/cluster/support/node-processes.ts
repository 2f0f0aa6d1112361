/**
 * Processes of pods as their node sees them: the one node is this machine.
 *
 * A pod that is deleted without a grace period still gets its signal to end, and says goodbye. What
 * a crash does is only seen when its process is killed.
 *
 * Used by the suite of the control plane. Not pure.
 */
import { readdirSync, readFileSync } from 'node:fs';

/** Kills, at once and without a word, a pod's process that runs such a program. */
export function killInPod(podName: string, program: string): void {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const mine = pids.filter((pid) => {
    return (
      contents(pid, 'cmdline').some((word) => word.endsWith(program)) &&
      contents(pid, 'environ').includes(`POD_NAME=${podName}`)
    );
  });
  if (mine.length !== 1) throw new Error(`${mine.length} processes are ${program} in ${podName}`);
  process.kill(Number(mine[0]), 'SIGKILL');
}

function contents(pid: string, file: 'cmdline' | 'environ'): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8').split('\0');
  } catch {
    return []; // It ended between the look and the look inside.
  }
}
