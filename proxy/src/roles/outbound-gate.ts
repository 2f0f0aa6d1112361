/**
 * Who an intercepted connection of our application is for: its original destination, and nothing
 * that it says, since a Host would let a caller choose a policy by what it writes.
 *
 *   own listener, own connection → 508     address → Service port or pod → its protocol
 *   nobody's, no answer in time, a bound reached → passed through, as bytes
 *
 * The address is a destination of its own, subscribed to as a name is. Nobody's address stays
 * subscribed while it is used: one that becomes a Service's is one within a push.
 *
 * Called by `net/intercepted.ts` once a connection.
 */
import { formatAddress } from '@remora/api/destination.ts';
import { type Live, PENDING } from '../control/live.ts';
import * as limits from '../limits.ts';
import { type Address, isLoopback } from '../net/address.ts';
import type { DownstreamServer } from '../net/downstream.ts';
import type { Gate, GateRefusal, Verdict } from '../net/intercepted.ts';
import type { AcceptedSocket } from '../net/original-destination.ts';
import type { OwnPlaces } from '../net/own-places.ts';
import type { Destination } from '../routing/compiled.ts';
import { type TimerWheel, WheelTimer } from '../timer-wheel.ts';
import { LOOP } from './outbound.ts';

const UNKNOWN = 'unknown';

export class OutboundGate implements Gate {
  readonly #live: Live;
  readonly #own: OwnPlaces;
  readonly #server: DownstreamServer;
  readonly #wheel: TimerWheel;

  constructor(live: Live, own: OwnPlaces, server: DownstreamServer, wheel: TimerWheel) {
    this.#live = live;
    this.#own = own;
    this.#server = server;
    this.#wheel = wheel;
  }

  direct(socket: AcceptedSocket, tell: (verdict: Verdict | GateRefusal) => void): void {
    const { original, local, remote } = socket;
    if (original === null) {
      // An application beside us may ask us by name; for others we are no open proxy.
      return tell(isLoopback(local.address) ? this.#requests('') : 'not_redirected');
    }
    if (this.#own.isListener(original) || this.#own.isConnection(remote, original)) {
      return tell(this.#requests(LOOP));
    }
    const key = formatAddress(original.address, original.port);
    const destination = this.#live.lookup(key);
    if (destination !== null) tell(this.#known(destination, key, original));
    else this.#ask(key, original, tell);
  }

  #ask(key: string, original: Address, tell: (verdict: Verdict) => void): void {
    const timer = new WheelTimer(() => tell(unknown(original)));
    const outcome = this.#live.request(key, {
      configReady: (destination) => {
        if (!timer.isArmed) return; // Passed through meanwhile.
        this.#wheel.cancel(timer);
        tell(destination === null ? unknown(original) : this.#known(destination, key, original));
      },
    });
    if (outcome === PENDING) this.#wheel.arm(timer, limits.firstConfigTimeoutMs);
    else tell(unknown(original));
  }

  #known({ key: dst, protocol }: Destination, key: string, target: Address): Verdict {
    return { protocol, dst, key, target, server: () => this.#server };
  }

  /** All that comes are requests, if anything: there is nowhere to pass bytes to. */
  #requests(key: string): Verdict {
    return { protocol: 'http', dst: UNKNOWN, key, target: null, server: () => this.#server };
  }
}

function unknown(target: Address): Verdict {
  return { protocol: 'opaque', dst: UNKNOWN, key: '', target, server: () => null };
}
