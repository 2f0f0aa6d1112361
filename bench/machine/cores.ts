/**
 * Which core runs what: the proxy under test alone on one, load and origin on the others.
 *
 * Pinning is what makes CPU per request comparable: a proxy that migrates, or shares its core with
 * the generator, pays for caches it did not fill. With one core, or without `taskset`, nothing is
 * pinned and the report says so.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const PIN = 'taskset';

export interface Cores {
  readonly pinned: boolean;
  readonly proxy: string;
  readonly load: string;
  readonly count: number;
}

export function chooseCores(): Cores {
  const allowed = allowedCores();
  const pinned = allowed.length > 1 && spawnSync(PIN, ['-V']).status === 0;
  const [proxy = 0, ...load] = allowed;
  return { pinned, proxy: String(proxy), load: load.join(','), count: allowed.length };
}

/** The command as it is to be started so that it stays on `cores`. */
export function onCores(
  command: readonly string[],
  cores: Cores,
  seat: 'proxy' | 'load',
): readonly string[] {
  return cores.pinned ? [PIN, '-c', cores[seat], ...command] : command;
}

/** Moves this process, and with it what it starts later, away from the proxy's core. */
export function moveToLoadCores(cores: Cores): void {
  if (cores.pinned) spawnSync(PIN, ['-apc', cores.load, String(process.pid)]);
}

function allowedCores(): readonly number[] {
  try {
    const status = readFileSync('/proc/self/status', 'utf8');
    return parseCoreList(/^Cpus_allowed_list:\s*(\S+)/m.exec(status)?.[1] ?? '');
  } catch {
    return [];
  }
}

/** `0-2,5` as numbers. */
export function parseCoreList(text: string): readonly number[] {
  return text.split(',').flatMap((part) => {
    const [first = Number.NaN, last = first] = part.split('-').map(Number);
    if (part === '' || !Number.isInteger(first) || !Number.isInteger(last)) return [];
    return Array.from({ length: last - first + 1 }, (_, at) => first + at);
  });
}
