/**
 * The init step of a pod as a process: flags in, rules set for both families, one line for each.
 *
 * It runs before every other container and ends. When it fails, the pod does not start, and the
 * last line it printed is what `kubectl describe` shows. `--dry-run` prints the rules instead.
 *
 * Exit codes: 0 rules are set, 1 they are not, 2 for wrong flags.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { applyRules, type Ran } from './apply-rules.ts';
import { parseInitFlags, USAGE } from './init-flags.ts';
import { ipv6Use } from './ipv6-use.ts';
import { type Interception, rulesText } from './rules.ts';

const EXIT_OK = 0;
const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
const RUN_MS_MAX = 20_000;
const ADDRESSES_FILE = '/proc/net/if_inet6';
/** The default, in /run, is on the root file system, which is read-only here. */
const LOCK_FILE = '/dev/shm/remora-xtables.lock';

function main(): number {
  const options = parseInitFlags(process.argv.slice(2));
  if (options === 'help') {
    process.stdout.write(USAGE);
    return EXIT_OK;
  }
  if (typeof options === 'string') {
    process.stderr.write(`remora-init: ${options}\n\n${USAGE}`);
    return EXIT_USAGE;
  }
  if (options.isDryRun) {
    process.stdout.write(`# iptables-restore --noflush\n${rulesText(options.interception, 4, [])}`);
    process.stdout.write(
      `# ip6tables-restore --noflush\n${rulesText(options.interception, 6, [])}`,
    );
    return EXIT_OK;
  }
  return setRules(options.interception);
}

function setRules(interception: Interception): number {
  const v4 = applyRules(interception, 4, run);
  if (v4.is === 'failed') return fail(`IPv4: ${v4.why}`);
  say(`IPv4: ${v4.rules} rules set by ${v4.backend}`);
  const use = ipv6Use(existsSync(ADDRESSES_FILE) ? readFileSync(ADDRESSES_FILE, 'utf8') : null);
  if (use === 'none') {
    say('IPv6: not spoken here');
    return EXIT_OK;
  }
  const v6 = applyRules(interception, 6, run);
  if (v6.is === 'applied') {
    say(`IPv6: ${v6.rules} rules set by ${v6.backend}`);
    return EXIT_OK;
  }
  if (use === 'global') return fail(`IPv6: ${v6.why}`);
  say(`IPv6: no rules, and the pod has no address that others could reach: ${v6.why}`);
  return EXIT_OK;
}

function run(program: string, args: readonly string[], input: string): Ran {
  const env = { ...process.env, XTABLES_LOCKFILE: LOCK_FILE };
  const ran = spawnSync(program, args, { input, env, encoding: 'utf8', timeout: RUN_MS_MAX });
  if (ran.error !== undefined) return { code: null, out: '', err: ran.error.message };
  return { code: ran.status, out: ran.stdout, err: ran.stderr };
}

function say(line: string): void {
  process.stdout.write(`remora-init: ${line}\n`);
}

function fail(why: string): number {
  process.stderr.write(`remora-init: ${why}\n`);
  return EXIT_FAILED;
}

process.exitCode = main();
