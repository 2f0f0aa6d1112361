/**
 * What a real proxy holds that uses ten Services, whatever else there is in the mesh.
 *
 * The proxy dials the control plane by the name in its certificate, which no resolver here knows:
 * so it runs in a mount namespace of its own, where `/etc/hosts` knows it. That takes root; without
 * it nothing is measured, and the caller says so.
 *
 * Not pure: processes. Called by the question.
 */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ports } from '@remora/api/ports.ts';
import { proxyNodeEnvironment, proxyNodeFlags } from '@remora/api/runtime.ts';
import { CONTROL_HOST, CONTROL_SERVERNAME } from '../../test/support/control-installation.ts';
import { until } from '../../test/support/waiting.ts';
import { freePorts } from '../machine/free-ports.ts';
import { memoryOf } from '../machine/process-figures.ts';
import type { Place } from '../peers/peer.ts';
import type { MeshCluster } from './mesh-cluster.ts';
import { namespaceOf, PORT, podName, serviceName } from './mesh-objects.ts';

const LIMIT_MS = 30_000;
const POLL_MS = 100;
/** What the start and the failing requests leave behind is collected by then. */
const SETTLE_MS = 10_000;
const WITH_HOSTS = 'mount --bind "$0" /etc/hosts && exec "$@"';

/** Private memory, in megabytes, of a fresh proxy that uses these Services. */
export async function sidecarMemory(
  place: Place,
  cluster: MeshCluster,
  uses: readonly number[],
): Promise<number> {
  const [index = 0] = uses;
  const folder = mkdtempSync(join(place.folder, 'sidecar-'));
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const namespace = namespaceOf(index);
  const token = file('token', await cluster.tokenOf(namespace, podName(index, 0)));
  const hosts = file('hosts', `127.0.0.1 localhost\n${CONTROL_HOST} ${CONTROL_SERVERNAME}\n`);
  const authority = file('ca.crt', await cluster.authorityPem());
  const [outbound = 0, admin = 0] = await freePorts(2);
  const child = place.children.start(
    'sidecar',
    [
      ...['unshare', '--mount', 'sh', '-c', WITH_HOSTS, hosts],
      ...[process.execPath, ...proxyNodeFlags, place.remora, '--name', podName(index, 0)],
      ...['--namespace', namespace, '--workload', serviceName(index)],
      ...['--outbound', `127.0.0.1:${outbound}`, '--admin', `127.0.0.1:${admin}`],
      ...['--metrics', '127.0.0.1:0', '--control-ca', authority, '--control-token', token],
      ...['--control', `https://${CONTROL_SERVERNAME}:${ports.control}`],
    ],
    proxyNodeEnvironment,
  );
  child.process.stdout?.resume();
  try {
    const keys = uses.map((each) => `${serviceName(each)}.${namespaceOf(each)}`);
    const knowsAll = async () => {
      if (child.hasEnded()) throw new Error(`the sidecar ended: ${child.errors().trim()}`);
      for (const key of keys) call(outbound, key);
      const config = await fetch(`http://127.0.0.1:${admin}/config`).then(textOf, () => '');
      return keys.every((key) => config.includes(`"${key}:${PORT}"`));
    };
    await until(knowsAll, 'the sidecar to learn its destinations', LIMIT_MS, POLL_MS);
    await sleep(SETTLE_MS);
    return memoryOf(child.pid)?.privateMb ?? Number.NaN;
  } finally {
    await place.children.end(child);
  }
}

/** A use of the Service; nobody is there, so how it ends says nothing. */
function call(port: number, host: string): void {
  const asked = request({ host: '127.0.0.1', port, headers: { host }, timeout: POLL_MS });
  asked.on('error', () => {});
  asked.on('timeout', () => asked.destroy());
  asked.on('response', (answer) => answer.resume());
  asked.end();
}

async function textOf(answer: Response): Promise<string> {
  return await answer.text();
}
