/**
 * What a person would look at when something in a namespace is not as it should be.
 *
 * Pods, the last events, and for each pod that is not ready the end of the logs of each of its
 * containers, also of the run before. It never throws: it is called while an error is on its way.
 *
 * Called by `cluster.ts` of this folder.
 */
import type { Kubectl } from '../machine/kubectl.ts';

const EVENTS_SHOWN = 12;
const LOG_LINES = '15';
const PODS_SHOWN = 4;

export async function describeTrouble(kubectl: Kubectl): Promise<string> {
  const ask = async (...args: string[]) =>
    (await kubectl(args).catch((error: unknown) => String(error))).trimEnd();
  const pods = await ask('get', 'pods', '-o', 'wide');
  const events = await ask('get', 'events', '--sort-by=.lastTimestamp', '-o', EVENT_COLUMNS);
  const parts = [`pods:\n${pods}`, `events:\n${lastLines(events, EVENTS_SHOWN)}`];
  for (const pod of troubledPods(pods).slice(0, PODS_SHOWN)) {
    const flags = ['--all-containers', '--prefix', `--tail=${LOG_LINES}`];
    parts.push(`logs of ${pod}:\n${await ask('logs', pod, ...flags)}`);
    const before = await kubectl(['logs', pod, ...flags, '--previous']).catch(() => '');
    if (before !== '') parts.push(`before it was restarted:\n${before.trimEnd()}`);
  }
  return parts.join('\n\n');
}

const EVENT_COLUMNS = 'custom-columns=OBJECT:.involvedObject.name,REASON:.reason,MESSAGE:.message';

/** From `kubectl get pods`: READY is `1/2`, or it does not run. */
function troubledPods(table: string): string[] {
  return table
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const [name, ready = '', phase] = line.split(/\s+/);
      const [some, all] = ready.split('/');
      return name !== undefined && (some !== all || phase !== 'Running') ? [name] : [];
    });
}

function lastLines(text: string, count: number): string {
  return text.split('\n').slice(-count).join('\n');
}
