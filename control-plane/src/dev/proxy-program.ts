/**
 * How a proxy is started from here: the bundle when this is the bundle, the sources in a checkout.
 *
 * Whoever runs the sources wants their edits to act, so a bundle that lies about is used only by a
 * bundle: it is looked for beside this very file.
 *
 * Reads the file system. Called by the verbs `dev` and `proxy`.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { proxyNodeEnvironment, proxyNodeFlags } from '@remora/api/runtime.ts';

export interface ProxyProgram {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Null: the proxy was not built and there are no sources either. */
export function findProxyProgram(): ProxyProgram | null {
  const bundle = fileURLToPath(new URL('./remora-proxy.mjs', import.meta.url));
  const sources = fileURLToPath(new URL('../../../proxy/src/main.ts', import.meta.url));
  const main = [bundle, sources].find((file) => existsSync(file));
  if (main === undefined) return null;
  return {
    command: [process.execPath, ...proxyNodeFlags, main],
    // A sidecar's own connections must never be led through a proxy.
    env: { ...proxyNodeEnvironment, NODE_USE_ENV_PROXY: '' },
  };
}
