/**
 * Connections that come to a pod and are turned aside to its proxy: two networks with a wire
 * between, and real iptables. Each goes on to the port of the application that it was made to.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fieldValue } from '../support/message-reader.ts';
import { enterNamespace, Namespace, run, whyNoNamespace } from '../support/own-network.ts';
import { Program, startInterceptingProxy } from '../support/processes.ts';
import { connectRaw } from '../support/raw-client.ts';
import { inboundConfig, writeSnapshot } from '../support/snapshot.ts';
import { until, within } from '../support/waiting.ts';

const skip = whyNoNamespace() ?? false;
const POD = '10.244.0.2';
const POD_V6 = 'fd00:244::2';
const PROXY_PORT = 15_402;
const METRICS_PORT = 15_404;

/** Ours; the wire's other end is the pod's. */
const WIRE = `
  ip link add outside type veth peer name eth0 netns POD_PID
  ip addr add 10.244.0.1/24 dev outside
  ip addr add fd00:244::1/64 dev outside nodad
  ip link set outside up
`;

const IN_POD = `
  ip addr add ${POD}/24 dev eth0
  ip addr add ${POD_V6}/64 dev eth0 nodad
  ip link set eth0 up
  iptables -t nat -A PREROUTING -p tcp --dport ${METRICS_PORT} -j RETURN
  iptables -t nat -A PREROUTING -p tcp --dport ${PROXY_PORT} -j RETURN
  iptables -t nat -A PREROUTING -p tcp -j REDIRECT --to-ports ${PROXY_PORT}
  ip6tables -t nat -A PREROUTING -p tcp -j REDIRECT --to-ports ${PROXY_PORT}
`;

describe('a connection to a pod', { skip }, () => {
  let application: Program;
  let proxy: Program;

  const metrics = async (): Promise<string> => {
    return await (await fetch(`http://${POD}:${METRICS_PORT}/metrics`)).text();
  };
  const counted = async (line: string): Promise<void> => {
    await until(async () => (await metrics()).includes(`${line} `), line);
  };
  const ask = async (address: string, host = 'web') => {
    const client = await connectRaw(address);
    return await client.ask(`GET / HTTP/1.1\r\nhost: ${host}\r\n\r\n`);
  };

  before(async () => {
    enterNamespace();
    const pod = new Namespace();
    application = pod.within(() => startApplication());
    run(WIRE.replace('POD_PID', String(application.pid)));
    pod.within(() => run(IN_POD));
    await application.ready();
    const config = inboundConfig({
      ports: [
        { port: 8_080, protocol: 'http' },
        { port: 8_082, protocol: 'opaque' },
      ],
    });
    const snapshot = writeSnapshot([], config);
    chmodSync(dirname(snapshot), 0o755);
    proxy = pod.within(() => startSidecar(snapshot));
    await proxy.ready();
  });
  after(async () => {
    await proxy?.stop();
    await application?.stop();
  });

  test('goes on to the port it was made to, at the address it was made to', async () => {
    assert.equal(String((await ask(`${POD}:8080`)).body), `${POD} 8080 web`);
    assert.equal(String((await ask(`${POD}:9090`, 'x')).body), `${POD} 9090 x`);
    await counted(
      'request_total{direction="inbound",dst_service="web",dst_namespace="shop",dst_port="8080"}',
    );
    await counted(
      'request_total{direction="inbound",dst_service="web",dst_namespace="shop",dst_port="9090"}',
    );
    const page = await metrics();
    assert.match(page, /^remora_limit\{backend="application:8080"\}/m);
    assert.match(page, /^remora_limit\{backend="application:9090"\}/m);
  });

  test('over IPv6 has a limit of its own, and one count with the other', async () => {
    assert.equal(String((await ask(`[${POD_V6}]:8080`)).body), `${POD_V6} 8080 web`);
    const page = await metrics();
    assert.match(page, /^remora_limit\{backend="application:8080 at fd00:244::2"\}/m);
    assert.equal(page.match(/^request_total\{.*dst_port="8080".*$/gm)?.length, 1);
  });

  test('hears a server that speaks first', async () => {
    const socket = connect(2_525, POD);
    const [banner] = await within(once(socket, 'data'), 5_000, () => 'the banner');
    assert.equal(String(banner), '220 hello\r\n');
    await within(once(socket, 'close'), 5_000, () => 'its end');
    await counted(
      'tcp_open_total{direction="inbound",dst="web.shop:2525",protocol="server_first"}',
    );
  });

  test('is bytes where the control plane says so, HTTP or not', async () => {
    const socket = connect({ port: 8_082, host: POD, allowHalfOpen: true });
    socket.end('GET / HTTP/1.1\r\n\r\n');
    const [echo] = await within(once(socket, 'data'), 5_000, () => 'the echo');
    assert.equal(String(echo), 'GET / HTTP/1.1\r\n\r\n');
    await counted('tcp_open_total{direction="inbound",dst="web.shop:8082",protocol="opaque"}');
  });

  test('gets a 503 with its reason where nobody listens on its port', async () => {
    const answer = await ask(`${POD}:8099`);
    assert.equal(answer.status, 503);
    assert.equal(fieldValue(answer.fields, 'x-remora-error'), 'RMR_APP_GONE');
  });

  test('that was made to the proxy itself is reset: it is for nobody', async () => {
    await assertReset(POD, PROXY_PORT);
    assert.match(await metrics(), /^remora_intercept_refused_total\{reason="not_redirected"\} 1$/m);
    await assertReset(POD_V6, METRICS_PORT);
    assert.match(await metrics(), /^remora_intercept_refused_total\{reason="loop"\} 1$/m);
  });

  test('with an address of somebody else on it is not passed on to there', async () => {
    run(`ip route add 203.0.113.0/24 via ${POD}`);
    await assertReset('203.0.113.9', 80);
  });
});

async function assertReset(host: string, port: number): Promise<void> {
  const [error] = await within(once(connect(port, host), 'error'), 5_000, () => 'a reset');
  assert.equal(error.code, 'ECONNRESET');
}

function startApplication(): Program {
  const ports = [`http:${POD}:8080`, 'http:0.0.0.0:9090', `http:[${POD_V6}]:8080`];
  ports.push(`banner:${POD}:2525`, 'echo:0.0.0.0:8082');
  return new Program('application', 'test/support/pod-app.ts', ports, { WAIT_FOR: POD });
}

function startSidecar(snapshot: string): Program {
  const flags = ['--inbound', `[::]:${PROXY_PORT}`, '--metrics', `0.0.0.0:${METRICS_PORT}`];
  return startInterceptingProxy([...flags, '--snapshot', snapshot]);
}
