import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseInitFlags } from './init-flags.ts';
import { ipv6Use } from './ipv6-use.ts';
import { type Family, rulesText } from './rules.ts';

function lines(family: Family, flags: readonly string[] = [], listed: readonly string[] = []) {
  const options = parseInitFlags(flags);
  assert.ok(typeof options !== 'string', String(options));
  return rulesText(options.interception, family, listed).split('\n');
}

describe('the rules', () => {
  test('are one table, declared chains first, committed at the end', () => {
    assert.deepEqual(lines(4), [
      '*nat',
      ':REMORA_OUT - [0:0]',
      ':REMORA_OUT_PORTS - [0:0]',
      ':REMORA_IN - [0:0]',
      '-A PREROUTING -p tcp -j REMORA_IN',
      '-A OUTPUT -p tcp -j REMORA_OUT',
      '-A REMORA_OUT -m owner --uid-owner 15400 -j RETURN',
      '-A REMORA_OUT -o lo -j RETURN',
      '-A REMORA_OUT -d 127.0.0.0/8 -j RETURN',
      '-A REMORA_OUT -p tcp -m tcp --dport 53 -j RETURN',
      '-A REMORA_OUT -j REMORA_OUT_PORTS',
      '-A REMORA_OUT_PORTS -p tcp -j REDIRECT --to-ports 15401',
      '-A REMORA_IN -p tcp -m tcp --dport 15401 -j RETURN',
      '-A REMORA_IN -p tcp -m tcp --dport 15402 -j RETURN',
      '-A REMORA_IN -p tcp -m tcp --dport 15403 -j RETURN',
      '-A REMORA_IN -p tcp -m tcp --dport 15404 -j RETURN',
      '-A REMORA_IN -p tcp -j REDIRECT --to-ports 15402',
      'COMMIT',
      '',
    ]);
  });

  test('jump into our chains only where no earlier run made them do so', () => {
    const jumps = lines(4).filter((line) => / -j REMORA_(IN|OUT)$/.test(line));
    assert.equal(jumps.length, 2);
    const again = lines(4, [], ['-P OUTPUT ACCEPT', jumps[0]!]);
    assert.deepEqual(
      again.filter((line) => jumps.includes(line)),
      [jumps[1]],
    );
    assert.ok(!lines(4, [], jumps).some((line) => jumps.includes(line)));
  });

  test('leave alone what is to be skipped before anything is taken', () => {
    const flags = ['--skip-outbound-ports', '22,9000-9100', '--skip-inbound-ports', '9000'];
    const all = lines(4, flags);
    const at = (line: string) => all.indexOf(line);
    const taken = at('-A REMORA_OUT -j REMORA_OUT_PORTS');
    assert.ok(at('-A REMORA_OUT -p tcp -m tcp --dport 22 -j RETURN') > 0);
    assert.ok(at('-A REMORA_OUT -p tcp -m tcp --dport 9000:9100 -j RETURN') < taken);
    const takenIn = at('-A REMORA_IN -p tcp -j REDIRECT --to-ports 15402');
    assert.ok(at('-A REMORA_IN -p tcp -m tcp --dport 9000 -j RETURN') < takenIn);
  });

  test('name only ranges of their own family', () => {
    const flags = ['--skip-outbound-cidrs', '10.0.0.0/8,fd00::/8'];
    assert.ok(lines(4, flags).includes('-A REMORA_OUT -d 10.0.0.0/8 -j RETURN'));
    assert.ok(!lines(4, flags).some((line) => line.includes('fd00')));
    assert.ok(lines(6, flags).includes('-A REMORA_OUT -d fd00::/8 -j RETURN'));
    assert.ok(lines(6, flags).includes('-A REMORA_OUT -d ::1/128 -j RETURN'));
  });

  test('take only what is in a range and of a port where both are named', () => {
    const flags = ['--only-outbound-cidrs', '10.0.0.0/8', '--only-outbound-ports', '80,443'];
    const taking = lines(4, flags).filter((line) => line.includes('REMORA_OUT_PORTS -'));
    assert.deepEqual(taking, [
      ':REMORA_OUT_PORTS - [0:0]',
      '-A REMORA_OUT_PORTS -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 15401',
      '-A REMORA_OUT_PORTS -p tcp -m tcp --dport 443 -j REDIRECT --to-ports 15401',
    ]);
    assert.ok(lines(4, flags).includes('-A REMORA_OUT -d 10.0.0.0/8 -j REMORA_OUT_PORTS'));
    assert.ok(!lines(6, flags).some((line) => line.endsWith('-j REMORA_OUT_PORTS')));
  });
});

describe('the flags of the init step', () => {
  test('say what is wrong with them', () => {
    for (const flags of [
      ['--skip-inbound-ports', 'http'],
      ['--only-outbound-cidrs', 'db'],
      ['x'],
    ]) {
      assert.equal(typeof parseInitFlags(flags), 'string', flags.join(' '));
    }
    assert.match(
      String(parseInitFlags(['--skip-inbound-ports', '0'])),
      /--skip-inbound-ports .* 0$/,
    );
    assert.equal(parseInitFlags(['--help']), 'help');
  });
});

describe('whether IPv6 is spoken', () => {
  const loopback = '00000000000000000000000000000001 01 80 10 80       lo';
  const link = 'fe800000000000005084d5fffe6d2f05 02 40 20 80     eth0';
  const global = 'fd000201000700000000000000000002 02 40 00 80     eth0';

  test('is told by the scope of the addresses', () => {
    assert.equal(ipv6Use(null), 'none');
    assert.equal(ipv6Use('\n'), 'none');
    assert.equal(ipv6Use(`${loopback}\n${link}\n`), 'local');
    assert.equal(ipv6Use(`${loopback}\n${global}\n`), 'global');
  });
});
