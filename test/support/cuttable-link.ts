/**
 * A TCP link to a server that a test cuts, freezes and mends: what a network does, on demand.
 *
 * Cut: connections end and new ones are refused by closing. Frozen: bytes of those that are open
 * go nowhere, and nobody is told. It knows nothing of what the bytes mean.
 */
import {
  type AddressInfo,
  createConnection,
  createServer,
  type Server,
  type Socket,
} from 'node:net';

export class CuttableLink {
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  #isCut = false;
  /** Connections that ever came. */
  accepted = 0;

  private constructor(toPort: number) {
    this.#server = createServer((near) => {
      this.accepted++;
      near.on('error', () => {});
      if (this.#isCut) {
        near.destroy();
        return;
      }
      const far = createConnection({ host: '127.0.0.1', port: toPort });
      far.on('error', () => near.destroy());
      const pair = [near, far] as const;
      this.#pairs.add(pair);
      near.on('close', () => {
        far.destroy();
        this.#pairs.delete(pair);
      });
      far.on('close', () => near.destroy());
      near.pipe(far).pipe(near);
    });
  }

  static async to(port: number): Promise<CuttableLink> {
    const link = new CuttableLink(port);
    await new Promise<void>((resolve) => link.#server.listen(0, '127.0.0.1', resolve));
    return link;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  cut(): void {
    this.#isCut = true;
    for (const [near] of this.#pairs) near.destroy();
  }

  mend(): void {
    this.#isCut = false;
  }

  /** Those that are open now, for good. */
  freeze(): void {
    for (const [near, far] of this.#pairs) {
      near.unpipe(far);
      far.unpipe(near);
      near.pause();
      far.pause();
    }
  }

  async close(): Promise<void> {
    this.cut();
    await this.#server[Symbol.asyncDispose]();
  }
}
