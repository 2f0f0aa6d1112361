/**
 * Sets the rules of one address family with the first iptables that works here.
 *
 * A kernel may lack nf_tables or the old tables, and an image has programs for both: nft is tried
 * first, because that is what kernels keep. Listing a table tells too little (a module for REDIRECT
 * or for owners may still be missing), so what decides is whether the rules were taken. They are
 * taken whole or not at all, so a backend that failed has left nothing behind.
 *
 * Not pure by what it is handed: `run` starts programs. Called by `init.ts`.
 */
import { type Family, type Interception, rulesText } from './rules.ts';

export interface Ran {
  /** Null: there is no such program, or it was ended. */
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export type Run = (program: string, args: readonly string[], input: string) => Ran;

export type Application =
  | { readonly is: 'applied'; readonly backend: string; readonly rules: number }
  | { readonly is: 'failed'; readonly why: string };

const NAME: Readonly<Record<Family, string>> = { 4: 'iptables', 6: 'ip6tables' };
/** The plain name last: an image may have only that one. */
const BACKENDS = ['-nft', '-legacy', ''];
/** Seconds, for another program that holds the old tables' lock. */
const WAIT_SECONDS = '5';
const NOT_ALLOWED = /permission denied|operation not permitted|must be root/i;

const GRANT =
  'not allowed to set rules. Grant the container remora-init runAsUser 0 and the capabilities ' +
  'NET_ADMIN and NET_RAW; a namespace that enforces the Pod Security level baseline or ' +
  'restricted refuses those, and needs the level privileged';

export function applyRules(interception: Interception, family: Family, run: Run): Application {
  const reasons: string[] = [];
  for (const suffix of BACKENDS) {
    const program = NAME[family] + suffix;
    const tried = applyWith(program, { interception, family, run });
    if (tried.is === 'applied') return tried;
    reasons.push(`${program}: ${tried.why}`);
  }
  const isForbidden = reasons.some((reason) => NOT_ALLOWED.test(reason));
  return { is: 'failed', why: isForbidden ? `${GRANT} (${reasons[0]})` : reasons.join('; ') };
}

interface Task {
  readonly interception: Interception;
  readonly family: Family;
  readonly run: Run;
}

function applyWith(program: string, { interception, family, run }: Task): Application {
  const listed = run(program, ['--wait', WAIT_SECONDS, '-t', 'nat', '-S'], '');
  if (listed.code !== 0) return { is: 'failed', why: reasonOf(listed) };
  const text = rulesText(interception, family, listed.out.split('\n'));
  const restored = run(`${program}-restore`, ['--noflush', '--wait', WAIT_SECONDS], text);
  if (restored.code !== 0) return { is: 'failed', why: reasonOf(restored) };
  const rules = text.split('\n').filter((line) => line.startsWith('-A ')).length;
  return { is: 'applied', backend: program, rules };
}

function reasonOf({ code, err }: Ran): string {
  const said = err.trim().replace(/\s+/g, ' ');
  return said === '' ? `ended with ${code ?? 'a signal'}` : said;
}
