/**
 * Names in the cluster: CoreDNS as a program of the node, behind the usual Service address.
 *
 * Not as a pod, which is how clusters have it: a pod would need an image, be ready seconds later,
 * and its absence would look like a fault of the mesh. Its Service has no selector, so that the
 * EndpointSlice below is all there is to it. Answers may be kept for one second only: tests scale
 * things and look at once.
 *
 * Called by `cluster.ts`.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { clusterPorts, DNS_SERVICE_ADDRESS, nodeAddresses } from './addresses.ts';
import { Daemon } from './daemon.ts';
import type { Kubectl } from './kubectl.ts';
import type { NodeFolders } from './node.ts';
import type { Leaf } from './pki.ts';

const READY_LIMIT_MS = 30_000;
const NAME = 'kube-dns';

export const DNS_LEAF: Leaf = { name: 'coredns', user: 'coredns', group: 'system:masters' };

export async function startClusterDns(folders: NodeFolders, kubectl: Kubectl): Promise<void> {
  const { state, pki } = folders;
  const config = join(state, 'Corefile');
  writeFileSync(config, corefile(join(pki, `${DNS_LEAF.name}.kubeconfig`)));
  const daemon = new Daemon({
    name: 'coredns',
    program: 'coredns',
    args: ['-conf', config],
    folder: join(state, 'log'),
    outlivesUs: true,
  });
  const objects = [service(), endpoints()].map((object) => JSON.stringify(object));
  await kubectl(['apply', '-f', '-'], objects.join('\n---\n'));
  const page = `http://${nodeAddresses.v4}:${clusterPorts.dnsReady}/ready`;
  await daemon.ready(async () => (await fetch(page)).ok, READY_LIMIT_MS);
}

function corefile(kubeconfig: string): string {
  return `.:${clusterPorts.dns} {
  bind ${nodeAddresses.v4}
  ready ${nodeAddresses.v4}:${clusterPorts.dnsReady}
  kubernetes cluster.local in-addr.arpa ip6.arpa {
    kubeconfig ${kubeconfig} test
    ttl 1
  }
  cache 1
}
`;
}

function service(): object {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: NAME, namespace: 'kube-system' },
    spec: {
      clusterIP: DNS_SERVICE_ADDRESS,
      ports: [
        { name: 'dns', port: 53, protocol: 'UDP' },
        { name: 'dns-tcp', port: 53, protocol: 'TCP' },
      ],
    },
  };
}

function endpoints(): object {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: NAME,
      namespace: 'kube-system',
      labels: { 'kubernetes.io/service-name': NAME },
    },
    addressType: 'IPv4',
    endpoints: [{ addresses: [nodeAddresses.v4] }],
    ports: [
      { name: 'dns', port: clusterPorts.dns, protocol: 'UDP' },
      { name: 'dns-tcp', port: clusterPorts.dns, protocol: 'TCP' },
    ],
  };
}
