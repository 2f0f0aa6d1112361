/**
 * A server of `node:http` or `node:https` as something that is opened once and closed for good.
 *
 * Not pure. Made by `control-plane.ts` and `cluster.ts`.
 */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ListenOn {
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
}

/** Resolves with the address in use; rejects as `listen` fails: in use, not permitted. */
export async function openListener(server: Server, { host, port }: ListenOn): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const bound = server.address() as AddressInfo;
  return `${bound.address.includes(':') ? `[${bound.address}]` : bound.address}:${bound.port}`;
}

/** Idle connections are closed too: a client that keeps one would hold the end up. */
export async function closeListener(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  await closed;
}
