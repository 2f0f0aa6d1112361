/**
 * How the connections of a listener are taken: as requests from their first byte, or, where they
 * were turned aside to us, each by where it was going.
 *
 * Made by `proxy.ts`, one for each direction.
 */
import type { ProxyIdentity } from '@remora/api/wire.ts';
import type { Live } from '../control/live.ts';
import type { Role } from '../exchange/exchange-world.ts';
import { Downstream, type DownstreamServer } from '../net/downstream.ts';
import { type Gate, Intercepted, type InterceptWorld } from '../net/intercepted.ts';
import type { Accept, ListenAddress } from '../net/listener.ts';
import type { AskSocket } from '../net/original-destination.ts';
import type { OwnPlaces } from '../net/own-places.ts';
import type { RelayWorld } from '../net/relay.ts';
import { ServerFirst } from '../net/server-first.ts';
import type { TcpMetrics } from '../telemetry/tcp-metrics.ts';
import type { Inbound } from './inbound.ts';
import { InboundGate } from './inbound-gate.ts';
import type { Outbound } from './outbound.ts';
import { OutboundGate } from './outbound-gate.ts';

export interface EntranceWorld extends RelayWorld {
  readonly own: OwnPlaces;
  readonly tcp: TcpMetrics;
  /** Null: nothing was turned aside. */
  readonly ask: AskSocket | null;
}

type Connections = InterceptWorld['connections'];

/** Of one listener: who serves its requests, and who keeps its connections. */
export type AcceptOf = (
  listener: Connections & { serverOf(role: Role): DownstreamServer },
) => Accept;

export function outboundEntrance(world: EntranceWorld, role: Outbound, live: Live): AcceptOf {
  return ({ serverOf, ...connections }) => {
    const server = serverOf(role);
    if (world.ask === null) return () => new Downstream(server);
    const gate = new OutboundGate(live, world.own, server, world.wheel);
    return intercepting(world, world.ask, gate, { direction: role.direction, connections });
  };
}

export function inboundEntrance(
  world: EntranceWorld,
  to: {
    readonly inbound: Inbound;
    /** Its only port, where it was told us. */
    readonly app: ListenAddress | null;
    readonly identity: ProxyIdentity;
  },
): AcceptOf {
  const { inbound, app, identity } = to;
  return ({ serverOf, ...connections }) => {
    if (world.ask === null) {
      const server = serverOf(inbound.only(app!.host, app!.port));
      return () => new Downstream(server);
    }
    const name = `${identity.workload}.${identity.namespace}`;
    const gate = new InboundGate({ inbound, own: world.own, name, serverOf });
    return intercepting(world, world.ask, gate, { direction: 'inbound', connections });
  };
}

function intercepting(
  world: EntranceWorld,
  ask: AskSocket,
  gate: Gate,
  to: { readonly direction: Role['direction']; readonly connections: Connections },
): Accept {
  const { clock, wheel, scratch, dial, tcp } = world;
  const { direction, connections } = to;
  const intercept: InterceptWorld = {
    ...{ clock, wheel, scratch, dial, gate, connections },
    serverFirst: new ServerFirst(clock),
    defer: (work) => setImmediate(work),
    counts: (dst, protocol) => tcp.count({ direction, dst, protocol }),
    onRefused: (why) => tcp.refused(why),
  };
  return (socket) => {
    const asked = ask(socket);
    return asked === null ? null : new Intercepted(intercept, asked);
  };
}
