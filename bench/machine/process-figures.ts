/**
 * What a process has used: CPU time, wake-ups and memory, read from /proc.
 *
 * CPU is the sum of its threads' `schedstat`, in nanoseconds; where the kernel keeps none, user and
 * system ticks of `stat`, which are 10 ms each. Private memory is `Private_Dirty` of
 * `smaps_rollup`: what this process costs a machine on which others of its kind run too. A wake-up
 * is a voluntary context switch: each is the end of a sleep.
 *
 * Linux only; elsewhere every figure is null. Called by the questions.
 */
import { readdirSync, readFileSync } from 'node:fs';

const TICK_NANOS = 10_000_000;
const KIB_PER_MB = 1_000_000 / 1024;

export interface MemoryFigures {
  readonly privateMb: number;
  readonly residentMb: number;
}

/** CPU nanoseconds since its start. */
export function cpuNanosOf(pid: number): number | null {
  const tasks = tasksOf(pid);
  if (tasks.length === 0) return null;
  let nanos = 0;
  for (const task of tasks) {
    const text = readOrNull(`/proc/${pid}/task/${task}/schedstat`);
    if (text === null) return ticksOf(pid);
    nanos += Number(text.split(' ', 1)[0]);
  }
  return nanos;
}

export function wakeUpsOf(pid: number): number | null {
  const tasks = tasksOf(pid);
  if (tasks.length === 0) return null;
  let switches = 0;
  for (const task of tasks) {
    const text = readOrNull(`/proc/${pid}/task/${task}/status`) ?? '';
    switches += Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(text)?.[1] ?? 0);
  }
  return switches;
}

export function memoryOf(pid: number): MemoryFigures | null {
  const text = readOrNull(`/proc/${pid}/smaps_rollup`);
  if (text === null) return null;
  return { privateMb: megabytes(text, 'Private_Dirty'), residentMb: megabytes(text, 'Rss') };
}

function megabytes(text: string, field: string): number {
  const kib = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1];
  return kib === undefined ? Number.NaN : Number(kib) / KIB_PER_MB;
}

/** Fields 14 and 15, counted after the name, which may hold spaces and brackets. */
function ticksOf(pid: number): number | null {
  const text = readOrNull(`/proc/${pid}/stat`);
  if (text === null) return null;
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_NANOS;
}

function tasksOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
