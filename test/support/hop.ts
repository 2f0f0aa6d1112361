/**
 * The commonest stage of a process-level test: one real proxy, and scripted origins behind it.
 *
 * Each origin is a destination of its own name, so `GET http://app/` reaches the origin `app`.
 * A test that needs routes says so when the stage is set, since a proxy started from a snapshot
 * file keeps it.
 */
import type { DestinationConfig } from '@remora/api/wire.ts';
import { type Origin, startOrigin } from './origin.ts';
import { type RunningProxy, startProxy } from './processes.ts';
import { askOnce, connectRaw, type RawClient, type Response } from './raw-client.ts';
import { destination, writeSnapshot } from './snapshot.ts';

export interface Hop {
  readonly proxy: RunningProxy;
  readonly origins: Readonly<Record<string, Origin>>;
  /** The first origin. */
  readonly origin: Origin;
  /** A new connection to the proxy's outbound listener. */
  connect(): Promise<RawClient>;
  /** One request over a connection of its own. */
  ask(request: string): Promise<Response>;
  /** Forgets what the origins were asked and told. */
  reset(): void;
  close(): Promise<void>;
}

export type Configure = (addresses: Readonly<Record<string, string>>) => DestinationConfig[];

/** Starts origins of these names, and a proxy configured for them. */
export async function startHop(
  names: readonly string[],
  configure: Configure = plainDestinations,
): Promise<Hop> {
  const started = await Promise.all(
    names.map(async (name) => [name, await startOrigin()] as const),
  );
  const origins = Object.fromEntries(started);
  const addresses = Object.fromEntries(started.map(([name, origin]) => [name, origin.address]));
  const proxy = await startProxy({ snapshot: writeSnapshot(configure(addresses)) });
  return {
    proxy,
    origins,
    origin: started[0]![1],
    connect: async () => await connectRaw(proxy.outbound),
    ask: async (request) => await askOnce(proxy.outbound, request),
    reset() {
      for (const [, origin] of started) origin.reset();
    },
    async close() {
      await proxy.stop();
      await Promise.all(started.map(async ([, origin]) => await origin.close()));
    },
  };
}

function plainDestinations(addresses: Readonly<Record<string, string>>): DestinationConfig[] {
  return Object.entries(addresses).map(([name, address]) =>
    destination({ name, endpoints: [address] }),
  );
}
