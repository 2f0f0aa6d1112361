/**
 * Prometheus and promtool for tests: those of the machine, else Debian's, unpacked under
 * `node_modules/.cache`, where no linter looks.
 *
 * The package is fetched by apt and unpacked, not installed: nothing of it is started, the machine
 * stays as it was, and only a missing list of packages needs root. Where there is no apt the reason
 * is returned, for the test to skip aloud.
 *
 * Called by `test/support/prometheus.ts`.
 */
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

export interface PrometheusTools {
  readonly prometheus: string;
  readonly promtool: string;
}

const CACHE = join(import.meta.dirname, '../node_modules/.cache/remora');
const UNPACKED = join(CACHE, 'prometheus');
const APT_TIMEOUT_MS = 90_000;

/** The programs, or why there are none. */
export function prometheusTools(): PrometheusTools | string {
  if (works('prometheus') && works('promtool')) {
    return { prometheus: 'prometheus', promtool: 'promtool' };
  }
  const bin = join(UNPACKED, 'usr/bin');
  const tools = { prometheus: join(bin, 'prometheus'), promtool: join(bin, 'promtool') };
  if (existsSync(tools.promtool) && works(tools.promtool)) return tools;
  if (run('apt-get', ['--version']).status !== 0) return 'there is no prometheus, and no apt';
  const problem = unpack();
  return problem === null && works(tools.promtool) ? tools : `no prometheus: ${problem}`;
}

/** Null, or what went wrong. */
function unpack(): string | null {
  mkdirSync(CACHE, { recursive: true });
  const folder = mkdtempSync(join(CACHE, 'apt-'));
  try {
    const options = { cwd: folder };
    let fetched = run('apt-get', ['download', 'prometheus'], options);
    if (fetched.status !== 0) {
      run('apt-get', ['update'], options);
      fetched = run('apt-get', ['download', 'prometheus'], options);
    }
    const file = readdirSync(folder).find((name) => name.endsWith('.deb'));
    if (file === undefined) return `apt-get download: ${fetched.stderr.trim().slice(-300)}`;
    const whole = join(folder, 'whole');
    const unpacked = run('dpkg-deb', ['-x', join(folder, file), whole]);
    if (unpacked.status !== 0) return `dpkg-deb: ${unpacked.stderr.trim().slice(-300)}`;
    rmSync(UNPACKED, { recursive: true, force: true });
    renameSync(whole, UNPACKED);
    return null;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function works(program: string): boolean {
  return run(program, ['--version']).status === 0;
}

function run(
  program: string,
  args: readonly string[],
  options: { readonly cwd?: string } = {},
): SpawnSyncReturns<string> {
  return spawnSync(program, args, { ...options, encoding: 'utf8', timeout: APT_TIMEOUT_MS });
}
