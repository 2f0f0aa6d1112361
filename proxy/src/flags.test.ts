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

  test("finds the application's own metrics on its host", () => {
    const args = ['--inbound', 'a:1', '--app', '[::1]:8080', '--app-metrics', '9090/metrics?all'];
    const options = parseFlags(args);
    assert.ok(typeof options !== 'string');
    assert.deepEqual(options.appMetrics, { host: '::1', port: 9_090, path: '/metrics?all' });
  });

  test('of a sidecar in a pod says how to reach the control plane, and what may be probed', () => {
    const pem = '-----BEGIN CERTIFICATE-----\n…';
    const options = parseFlags([
      ...['--outbound', '0.0.0.0:15401', '--probe-ports', '8080,9000', `--control-ca=${pem}`],
      ...['--control', 'https://remora-control.remora-system.svc:15410', '--control-token', '/t'],
    ]);
    assert.ok(typeof options !== 'string');
    assert.deepEqual(options.control, {
      url: 'https://remora-control.remora-system.svc:15410',
      ...{ authority: pem, tokenFile: '/t' },
    });
    assert.deepEqual(options.probes, { ports: new Set([8_080, 9_000]), host: null });
  });

  test('needs no application where connections say which of its ports they are for', () => {
    const options = parseFlags(['--inbound', '[::]:15402', '--intercept']);
    assert.ok(typeof options !== 'string');
    assert.deepEqual([options.intercept, options.app], [true, null]);
  });

  for (const [why, args, expected] of [
    ['nothing to do', [], /--outbound or --inbound/],
    ['an inbound without its application', ['--inbound', '127.0.0.1:1'], /--app/],
    ['a port out of range', ['--outbound', '127.0.0.1:70000'], /--outbound.*127\.0\.0\.1:70000/],
    ['an address without a port', ['--outbound', 'localhost'], /HOST:PORT/],
    ['a control plane that is no URL', ['--outbound', 'a:1', '--control', 'x'], /--control/],
    ['a control plane of another protocol', ['--outbound', 'a:1', '--control', 'ftp://a'], /URL/],
    ['https without an authority', ['--outbound', 'a:1', '--control', 'https://a'], /--control-ca/],
    [
      'a token that would be shown in the clear',
      ['--outbound', 'a:1', '--control', 'http://a', '--control-token', '/t'],
      /--control-token need --control by https/,
    ],
    ['a port to probe that is none', ['--outbound', 'a:1', '--probe-ports', '80,x'], /8080,9000/],
    ['metrics without a path', ['--outbound', 'a:1', '--app-metrics', '9090'], /PORT\/PATH/],
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
