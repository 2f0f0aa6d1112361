/**
 * A Kubernetes API of a test file's own, and Remora's client of it, as administrator.
 *
 * Used by the `kube-*` tests, which skip themselves where the programs are missing.
 */
import { KubeClient } from '../../control-plane/src/kube/client.ts';
import type { KubeObject } from '../../control-plane/src/kube/kube-object.ts';
import { readKubeconfig } from '../../control-plane/src/kube/kubeconfig-file.ts';
import { type ApiServer, startScratchApiServer } from '../cluster/machine/api-server.ts';

export interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

export interface KubeScene {
  readonly folder: string;
  readonly server: ApiServer;
  readonly client: KubeClient;
  end(): Promise<void>;
}

export async function startKubeScene(): Promise<KubeScene> {
  const server = await startScratchApiServer('kube');
  const config = readKubeconfig(server.kubeconfigFile);
  const client = new KubeClient(config, { userAgent: 'remora-test' });
  return {
    folder: server.folder,
    server,
    client,
    end: async () => {
      await client.close();
      await server.stop();
    },
  };
}

export function configMap(
  namespace: string,
  name: string,
  data: Readonly<Record<string, string>> = {},
): ConfigMap {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace, name }, data };
}
