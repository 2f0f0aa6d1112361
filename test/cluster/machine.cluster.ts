/**
 * The machine itself: what every other suite takes for granted, and where a fault would be ours.
 *
 * Names, Services of both families of addresses, `exec`, logs, and the redirection inside of a
 * pod's network that interception is made of.
 */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { type Cluster, skipWithoutCluster, startNamespace } from './support/cluster.ts';
import { SHOP_IMAGE } from './support/remora.ts';
import { idlePod } from './support/shop.ts';

const REMORA = 'remora:dev';
const PORT = 8_080;
const ELSEWHERE = 15_401;

const server = `
import { createServer } from 'node:http';
createServer((request, response) => response.end(process.env.NAME)).listen(${PORT}, '::');
console.log(process.env.NAME, 'listens');
`;

/** Says where each connection was on its way to before it was redirected. */
const catcher = `
import { dlopen, getRawPointer } from 'node:ffi';
import { createServer } from 'node:net';
const SO_ORIGINAL_DST = 80;
const { functions } = dlopen(null, {
  getsockopt: { arguments: ['i32', 'i32', 'i32', 'pointer', 'pointer'], return: 'i32' },
});
createServer((socket) => {
  const isV4 = socket.localAddress.startsWith('::ffff:');
  const address = Buffer.alloc(28);
  const length = Buffer.alloc(4);
  length.writeInt32LE(28);
  const level = isV4 ? 0 : 41;
  const code = functions.getsockopt(
    socket._handle.fd, level, SO_ORIGINAL_DST, getRawPointer(address), getRawPointer(length));
  const port = address.readUInt16BE(2);
  const ip = isV4 ? address.subarray(4, 8).join('.') : address.subarray(8, 24).toString('hex');
  socket.end(JSON.stringify({ code, ip, port }));
}).listen(${ELSEWHERE}, '::');
`;

/** All of the pod's connections to others, except those of the user that catches them. */
const rules = [
  '*nat',
  `-A OUTPUT ! -o lo -p tcp -j REDIRECT --to-ports ${ELSEWHERE}`,
  'COMMIT',
  '',
];

const redirect = `
import { spawnSync } from 'node:child_process';
for (const name of ['iptables-restore', 'ip6tables-restore']) {
  const run = spawnSync(name, ['--noflush'], { input: ${JSON.stringify(rules.join('\n'))} });
  if (run.status !== 0) throw new Error(name + ': ' + run.stderr);
}
`;

describe('the machine', { skip: skipWithoutCluster() }, () => {
  let cluster: Cluster;

  before(async () => {
    cluster = await startNamespace('machine');
    await cluster.apply({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'twins' },
      spec: {
        ipFamilyPolicy: 'RequireDualStack',
        selector: { twin: 'yes' },
        ports: [{ port: 80, targetPort: PORT }],
      },
    });
    await Promise.all(['left', 'right'].map(runTwin));
    await cluster.apply(idlePod('client'));
    await cluster.waitReady('pod/client');
  });

  async function runTwin(name: string): Promise<void> {
    await cluster.runPod({
      ...{
        name,
        image: SHOP_IMAGE,
        args: ['--input-type=module', '-e', server],
        env: { NAME: name },
      },
      labels: { twin: 'yes' },
      readiness: { path: '/', port: PORT },
    });
  }

  /** Who answered so many requests of the client, each once. */
  async function whoAnswers(url: string): Promise<Set<string>> {
    const code = `
      const answers = [];
      for (let at = 0; at < 24; at++) {
        const answer = await fetch('${url}', { headers: { connection: 'close' } });
        answers.push(await answer.text());
      }
      console.log(JSON.stringify(answers));`;
    return new Set(JSON.parse(await cluster.script('client', code)) as string[]);
  }

  test('a Service leads to both of its pods by its name', async () => {
    await cluster.waitFor('both twins to answer', async () => {
      const names = await whoAnswers('http://twins.machine.svc.cluster.local/');
      return names.size === 2;
    });
    assert.deepEqual([...(await whoAnswers('http://twins/'))].sort(), ['left', 'right']);
  });

  test('a Service leads to its pods by each of its two addresses', async () => {
    const service = await cluster.get('service/twins');
    const { clusterIPs } = service['spec'] as { readonly clusterIPs: readonly string[] };
    assert.equal(clusterIPs.length, 2);
    for (const address of clusterIPs) {
      const host = address.includes(':') ? `[${address}]` : address;
      assert.equal((await whoAnswers(`http://${host}/`)).size, 2, address);
    }
  });

  test('the pod itself is reached by each of its two addresses', async () => {
    const addresses = await cluster.podIps('left');
    assert.equal(addresses.length, 2);
    for (const address of addresses) {
      const host = address.includes(':') ? `[${address}]` : address;
      assert.deepEqual([...(await whoAnswers(`http://${host}:${PORT}/`))], ['left']);
    }
  });

  test('logs are those of the one pod', async () => {
    assert.equal(await cluster.logs('left'), 'left listens\n');
  });

  test('a pod without the right to be root is the user that its image names', async () => {
    const code = 'console.log(process.getuid())';
    assert.equal((await cluster.script('client', code)).trim(), '65532');
  });

  test('a connection that a pod redirects still tells where it was going', async () => {
    await cluster.runPod({
      ...{ name: 'redirected', image: REMORA, args: ['--input-type=module', '-e', catcher] },
      spec: {
        initContainers: [
          {
            ...{ name: 'redirect', image: REMORA, imagePullPolicy: 'Never' },
            args: ['--input-type=module', '-e', redirect],
            securityContext: {
              ...{ runAsUser: 0, readOnlyRootFilesystem: true },
              capabilities: { drop: ['ALL'], add: ['NET_ADMIN', 'NET_RAW'] },
            },
          },
        ],
      },
    });
    for (const [host, ip] of [
      ['192.0.2.7', '192.0.2.7'],
      ['2001:db8::7', '20010db8000000000000000000000007'],
    ] as const) {
      const code = `
        import { connect } from 'node:net';
        connect({ host: '${host}', port: 81 }).pipe(process.stdout);`;
      const seen = JSON.parse(await cluster.script('redirected', code));
      assert.deepEqual(seen, { code: 0, ip, port: 81 });
    }
  });
});
