/**
 * What a host took of this machine's cores for other guests: `steal` of /proc/stat (proc(5)).
 *
 * A virtual machine is not told when it stands still, and a run's latencies have it in them. Pure
 * but for the file. Read by `chaos.ts` before and after each run.
 */
import { readFileSync } from 'node:fs';

/** Of the first line: user, nice, system, idle, iowait, irq, softirq, steal. */
const FIELDS = 8;

export interface CoreTicks {
  readonly all: number;
  readonly stolen: number;
}

/** Null where nobody tells. */
export function readCoreTicks(): CoreTicks | null {
  try {
    return coreTicksOf(readFileSync('/proc/stat', 'utf8'));
  } catch {
    return null;
  }
}

/** Of the file's text. */
export function coreTicksOf(stat: string): CoreTicks | null {
  const numbers = /^cpu +([\d ]+)$/m.exec(stat)?.[1]?.split(' ').slice(0, FIELDS).map(Number);
  if (numbers?.length !== FIELDS) return null;
  return { all: numbers.reduce((sum, ticks) => sum + ticks, 0), stolen: numbers[FIELDS - 1]! };
}

/** Of all cores' time between the two, in percent; null: it is not known. */
export function stolenPercent(before: CoreTicks | null, after: CoreTicks | null): number | null {
  if (before === null || after === null || after.all === before.all) return null;
  return (100 * (after.stolen - before.stolen)) / (after.all - before.all);
}
