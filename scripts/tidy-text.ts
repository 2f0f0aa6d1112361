/**
 * What tidy finds in a file's name and in its words, whatever kind of file it is.
 *
 * The patterns for hosts and paths are written so that they do not match themselves. The registry
 * that this machine installs from is looked for too, so that a mirror's name cannot slip in with a
 * lock file written behind it.
 *
 * Called by `tidy.ts`. Tests: `tidy-text.test.ts`.
 */
import type { Finding } from './tidy-code.ts';

interface Refusal {
  readonly rule: string;
  readonly pattern: RegExp;
  readonly detail: string;
  /** Files it is looked for in; all when left out. */
  readonly within?: RegExp;
}

const CODE = /\.(ts|js|mjs|cjs)$/;
const REFUSALS: readonly Refusal[] = [
  {
    rule: 'registry-host',
    pattern: /\b(registry[.](npmjs|yarnpkg)|npm[.]pkg[.]github|static[.]crates)/i,
    detail: 'names the host of a package registry',
  },
  {
    rule: 'registry-host',
    pattern: /\b(pypi[.]org|files[.]pythonhosted|(proxy|sum)[.]golang)/i,
    detail: 'names the host of a package registry',
  },
  {
    rule: 'registry-host',
    pattern: /"resolved":\s*"https?:/,
    detail: 'a lock file that ties everybody to one registry: npm install with our .npmrc',
    within: /(^|\/)package-lock\.json$/,
  },
  {
    rule: 'machine-path',
    pattern: /(^|[\s'"`(=:])\/(work|root|home\/[a-z]+|Users\/[A-Za-z]+)\/[\w.]/,
    detail: 'a path of one machine',
  },
  {
    rule: 'unfinished',
    pattern: /\bFIXME\b|\bXXX\b|\bTODO\b(?!\(#\d+\))/,
    detail: 'finish it, or write TODO(#issue)',
    within: CODE,
  },
  {
    rule: 'suppression',
    pattern: /@ts-(ignore|nocheck)|biome-ignore-all|eslint-/,
    detail: 'switches a check off for good: biome-ignore or @ts-expect-error, with a reason',
    within: CODE,
  },
  {
    rule: 'conflict',
    pattern: /^(<{7} |>{7} |={7}$)/,
    detail: 'a merge that was not finished',
  },
];

/** Words that say nothing about what a file decides. */
const EMPTY_NAMES = /(^|-)(utils?|helpers?|common|manager|misc|stuff)(-|$)/;
const KEBAB = /^[a-z0-9]+(-[a-z0-9]+)*$/;
const THIS_FILE = /^scripts\/tidy-text(\.test)?\.ts$/;

/** Words refused in any text file. */
export function findInText(path: string, text: string): Finding[] {
  if (THIS_FILE.test(path)) return [];
  const refusals = REFUSALS.filter((one) => one.within === undefined || one.within.test(path));
  const host = ownRegistryHost();
  const findings: Finding[] = [];
  text.split('\n').forEach((line, at) => {
    for (const { rule, pattern, detail } of refusals) {
      if (pattern.test(line)) findings.push({ line: at + 1, rule, detail });
    }
    if (host !== null && line.includes(host)) {
      findings.push({ line: at + 1, rule: 'registry-host', detail: 'the registry in use here' });
    }
  });
  return findings;
}

/** A code file's name: kebab-case, and not an empty word. */
export function findInName(path: string): Finding[] {
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (!CODE.test(name) || name.startsWith('.')) return [];
  const stem = name.replace(/(\.test|\.cluster|\.property|\.d)?\.[a-z]+$/, '');
  if (!KEBAB.test(stem)) return [{ line: 1, rule: 'file-name', detail: 'is not kebab-case' }];
  if (!EMPTY_NAMES.test(stem)) return [];
  return [{ line: 1, rule: 'file-name', detail: 'does not say what the file decides' }];
}

function ownRegistryHost(): string | null {
  const url = process.env['npm_config_registry'];
  if (url === undefined || !URL.canParse(url)) return null;
  const { hostname } = new URL(url);
  return /^(localhost|127\.|\[)/.test(hostname) || hostname === '' ? null : hostname;
}
