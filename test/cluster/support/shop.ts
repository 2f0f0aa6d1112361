/**
 * The shop in a namespace of a suite: the same files that `npm start` runs, with images that are
 * here.
 *
 * Probes look every second and wait for five, since a machine that is busy is no reason for a pod
 * to leave its Service; and payments fails nobody: what is lost is then the mesh's fault.
 *
 * Used by the suites that need applications. Not pure.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Cluster, podOf, startNamespace } from './cluster.ts';
import { SHOP_IMAGE } from './remora.ts';

const FOLDER = join(import.meta.dirname, '../../../examples/shop');

const READY_LIMIT_MS = 240_000;
/** Arguments of Node. */
const IDLE = ['-e', 'setInterval(() => {}, 1e6)'];

/** Its Deployments, by the file that has them. */
const DEPLOYMENTS = {
  storefront: ['storefront'],
  catalog: ['catalog-v1', 'catalog-v2'],
  cart: ['cart'],
  orders: ['orders'],
  payments: ['payments'],
} as const;
type Service = keyof typeof DEPLOYMENTS;

/** Brings these services up in a namespace that is injected, with `client` to ask from. */
export async function startShop(namespace: string, services: readonly Service[]): Promise<Cluster> {
  const cluster = await startNamespace(namespace, { 'remora.dev/inject': 'enabled' });
  for (const service of services) await cluster.apply(shopFile(`${service}.yaml`, namespace));
  await cluster.apply(idlePod('client'));
  const deployments = services.flatMap((service) => DEPLOYMENTS[service]);
  const resources = ['pod/client', ...deployments.map((name) => `deployment/${name}`)];
  for (const resource of resources) await cluster.waitReady(resource, READY_LIMIT_MS);
  return cluster;
}

/** A file of the example, for this namespace. */
function shopFile(file: string, namespace: string): string {
  return readFileSync(join(FOLDER, file), 'utf8')
    .replaceAll('namespace: shop', `namespace: ${namespace}`)
    .replaceAll(/^( +)image: .*$/gm, `$1image: ${SHOP_IMAGE}\n$1imagePullPolicy: Never`)
    .replaceAll(/^( +)periodSeconds: 2$/gm, '$1periodSeconds: 1\n$1timeoutSeconds: 5')
    .replaceAll(/(name: (?:SLOW|FAIL)_SHARE, value: )"[^"]*"/g, '$1"0"');
}

/** A pod that does nothing by itself. */
export function idlePod(name: string, annotations: Readonly<Record<string, string>> = {}): object {
  return podOf({ name, image: SHOP_IMAGE, args: IDLE, annotations });
}

export const idleContainer = {
  name: 'app',
  image: SHOP_IMAGE,
  imagePullPolicy: 'Never',
  args: IDLE,
};

/** The route of the catalog with such weights. */
export function catalogRoute(namespace: string, v1: number, v2: number): object {
  return {
    apiVersion: 'remora.dev/v1alpha1',
    kind: 'TrafficRoute',
    metadata: { name: 'catalog', namespace },
    spec: {
      targetRef: { kind: 'Service', name: 'catalog', port: 80 },
      rules: [
        {
          name: 'canary',
          backends: [
            { service: 'catalog-v1', port: 80, weight: v1 },
            { service: 'catalog-v2', port: 80, weight: v2 },
          ],
        },
      ],
    },
  };
}

/** A Service that nobody has called is nobody's to apply a route of. */
export async function askOnce(shop: Cluster, url: string): Promise<void> {
  await shop.script('client', `await (await fetch('${url}')).text()`, 'app');
}
