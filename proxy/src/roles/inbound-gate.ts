/**
 * Which port of the application an intercepted connection is for: the one it was made to.
 *
 * It is dialled at the pod's own address, as the caller meant it, so that a server that listens on
 * that address alone is found. Nothing but own addresses is: a neighbour could else have us dial
 * whatever it wrote on its packets. A connection made to our listener itself is for nobody.
 *
 * Called by `net/intercepted.ts` once a connection.
 */
import type { Address } from '../net/address.ts';
import type { DownstreamServer } from '../net/downstream.ts';
import type { Gate, GateRefusal, Verdict } from '../net/intercepted.ts';
import type { AcceptedSocket } from '../net/original-destination.ts';
import type { OwnPlaces } from '../net/own-places.ts';
import type { Inbound } from './inbound.ts';
import type { InboundPort } from './inbound-port.ts';

export interface InboundGateOptions {
  readonly inbound: Inbound;
  readonly own: OwnPlaces;
  /** `workload.namespace`, of what metrics call the destination. */
  readonly name: string;
  serverOf(port: InboundPort): DownstreamServer;
}

export class InboundGate implements Gate {
  readonly #options: InboundGateOptions;
  readonly #servers = new Map<InboundPort, DownstreamServer>();

  constructor(options: InboundGateOptions) {
    this.#options = options;
  }

  direct(socket: AcceptedSocket, tell: (verdict: Verdict | GateRefusal) => void): void {
    const { original, remote } = socket;
    const { own, inbound, name } = this.#options;
    if (original === null) return tell('not_redirected');
    const { address, port } = original;
    if (own.isListener(original) || own.isConnection(remote, original)) return tell('loop');
    if (!own.isOwn(address)) return tell('not_redirected');
    tell({
      protocol: inbound.protocolOf(port),
      dst: `${name}:${port}`,
      key: '',
      target: original,
      server: () => this.#serverOf(original),
    });
  }

  #serverOf({ address, port }: Address): DownstreamServer | null {
    const at = this.#options.inbound.portAt(address, port);
    if (at === null) return null;
    let server = this.#servers.get(at);
    if (server === undefined) {
      server = this.#options.serverOf(at);
      this.#servers.set(at, server);
    }
    return server;
  }
}
