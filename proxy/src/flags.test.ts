/** The proxy's command line. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseFlags } from './flags.ts';

describe('the command line', () => {
  test('names addresses of both families', () => {
    const options = parseFlags(['--outbound', '[::1]:0', '--metrics', '127.0.0.1:15404']);
    assert.ok(typeof options !== 'string');
    assert.deepEqual(options.outbound, { host: '::1', port: 0 });
    assert.deepEqual(options.metrics, { host: '127.0.0.1', port: 15_404 });
    assert.equal(options.inbound, null);
  });

  for (const [why, args, expected] of [
    ['nothing to do', [], /--outbound or --inbound/],
    ['an inbound without its application', ['--inbound', '127.0.0.1:1'], /--app/],
    ['a port out of range', ['--outbound', '127.0.0.1:70000'], /--outbound.*127\.0\.0\.1:70000/],
    ['an address without a port', ['--outbound', 'localhost'], /HOST:PORT/],
    ['a control plane that is no URL', ['--outbound', 'a:1', '--control', 'x'], /--control/],
    ['a flag that does not exist', ['--outbond', 'a:1'], /outbond/],
  ] as const) {
    test(`refuses ${why}, and says which flag`, () => {
      const problem = parseFlags(args);
      assert.ok(typeof problem === 'string');
      assert.match(problem, expected);
    });
  }

  test('asks for help by name', () => {
    assert.equal(parseFlags(['--help']), 'help');
  });
});
