import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { applyRules, type Ran } from './apply-rules.ts';
import { parseInitFlags } from './init-flags.ts';

const options = parseInitFlags([]);
assert.ok(typeof options !== 'string');
const { interception } = options;

const missing = (program: string): Ran => {
  return { code: null, out: '', err: `spawnSync ${program} ENOENT` };
};
const done: Ran = { code: 0, out: '', err: '' };
const refused = (err: string): Ran => ({ code: 1, out: '', err });

/** Runs against programs that answer so; the rest are not installed. */
function apply(programs: Readonly<Record<string, Ran>>, family: 4 | 6 = 4) {
  const inputs: Record<string, string> = {};
  const application = applyRules(interception, family, (program, _args, input) => {
    inputs[program] = input;
    return programs[program] ?? missing(program);
  });
  return { application, inputs };
}

describe('setting the rules', () => {
  test('takes nft where it works', () => {
    const all = { 'iptables-nft': done, 'iptables-nft-restore': done, 'iptables-legacy': done };
    const { application } = apply({ ...all, 'iptables-legacy-restore': done });
    assert.equal(application.is === 'applied' && application.backend, 'iptables-nft');
  });

  test('takes the old tables where nft lists but cannot set', () => {
    const { application } = apply({
      'iptables-nft': done,
      'iptables-nft-restore': refused('RULE_APPEND failed (No such file or directory)'),
      'iptables-legacy': done,
      'iptables-legacy-restore': done,
    });
    assert.equal(application.is === 'applied' && application.backend, 'iptables-legacy');
  });

  test('takes the program without a suffix where it is the only one, of its family', () => {
    const { application } = apply({ ip6tables: done, 'ip6tables-restore': done }, 6);
    assert.equal(application.is === 'applied' && application.backend, 'ip6tables');
  });

  test('does not jump twice into chains that an earlier run filled', () => {
    const out =
      '-P OUTPUT ACCEPT\n-A PREROUTING -p tcp -j REMORA_IN\n-A OUTPUT -p tcp -j REMORA_OUT\n';
    const programs = { 'iptables-nft': { ...done, out }, 'iptables-nft-restore': done };
    assert.doesNotMatch(apply(programs).inputs['iptables-nft-restore'] ?? '', /-A OUTPUT/);
  });

  test('says what to grant where it is not allowed, and else what each program said', () => {
    const forbidden = { 'iptables-nft': refused('Permission denied (you must be root)') };
    const { application } = apply(forbidden);
    assert.match(application.is === 'failed' ? application.why : '', /NET_ADMIN and NET_RAW/);
    const other = apply({}).application;
    assert.match(other.is === 'failed' ? other.why : '', /iptables-nft: .*; iptables-legacy: /);
  });
});
