/**
 * What the Node baselines share: from a Host header to one of the service's ports, by weight.
 * Run inside each of them.
 */
import { readFileSync } from 'node:fs';
import { NAMESPACE, type RouteTable } from '../route-table.ts';
import { serversOf } from './weighted-servers.ts';

export interface Seat {
  readonly port: number;
  /** Picks a port for a host; null: no such service. */
  pick(host: string | undefined): number | null;
  ports(): readonly number[];
}

/** Reads the arguments that `node-peer.ts` gave. */
export function takeSeat(): Seat {
  const [, , port, file = ''] = process.argv;
  const table = JSON.parse(readFileSync(file, 'utf8')) as RouteTable;
  const byHost = new Map<string, readonly number[]>();
  for (const { name } of table.services) {
    const slots = serversOf(table, name).flatMap((one) => Array(one.weight).fill(one.port));
    byHost.set(name, slots).set(`${name}.${NAMESPACE}`, slots);
  }
  return {
    port: Number(port),
    pick(host) {
      const slots = byHost.get(host ?? '');
      return slots?.[Math.floor(Math.random() * slots.length)] ?? null;
    },
    ports: () => [...new Set([...byHost.values()].flat())],
  };
}
