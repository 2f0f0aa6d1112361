/**
 * What a proxy under test is to the benches: something that starts with a route table on a port.
 *
 * Each kind is a file beside this one and renders the table in its own way. `full` does the work
 * that Remora does by default (weights, retries, limits, ejection, statistics); `minimal` forwards
 * and nothing else, so that nobody can say that a peer was slowed down by its configuration.
 */
import { request } from 'node:http';
import type { Child, Children } from '../machine/children.ts';
import { type Cores, onCores } from '../machine/cores.ts';
import { freePorts } from '../machine/free-ports.ts';
import { HOST, type RouteTable } from '../route-table.ts';
import type { Tools } from './installation.ts';

export type Flavor = 'full' | 'minimal';

export interface Peer {
  readonly name: string;
  readonly flavor: Flavor;
  /** Null when it can be started here, else what is missing. */
  missing(tools: Tools): string | null;
  start(place: Place, table: RouteTable): Promise<Running>;
}

/** Where peers run, and what they may use. */
export interface Place {
  readonly children: Children;
  readonly cores: Cores;
  readonly tools: Tools;
  /** Remora's program: its bundle, or main.ts. */
  readonly remora: string;
  /** An empty folder for configuration files; removed at the end. */
  readonly folder: string;
}

export interface Running {
  readonly name: string;
  readonly flavor: Flavor;
  readonly port: number;
  readonly pid: number;
  readonly child: Child;
}

const READY_TIMEOUT_MS = 15_000;
const POLL_MS = 10;

/** Starts `command(port)` on the proxy's core and waits until it forwards a request. */
export async function startPeer(
  peer: Pick<Peer, 'name' | 'flavor'>,
  place: Place,
  probePath: string,
  command: (port: number) => readonly string[],
): Promise<Running> {
  const [port = 0] = await freePorts(1);
  const child = place.children.start(peer.name, onCores(command(port), place.cores, 'proxy'));
  child.process.stdout?.resume();
  await awaitAnswer(child, port, probePath);
  return { name: peer.name, flavor: peer.flavor, port, pid: child.pid, child };
}

/** Polls until `path` is answered 200, as the shop's catalog. */
export async function awaitAnswer(
  child: Child,
  port: number,
  path: string,
  pollMs = POLL_MS,
): Promise<void> {
  const untilMs = performance.now() + READY_TIMEOUT_MS;
  let last = 'no answer';
  while (performance.now() < untilMs) {
    if (child.hasEnded()) throw new Error(`${child.name} ended: ${child.errors().trim()}`);
    last = await statusOf(port, path);
    if (last === '200') return;
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
  throw new Error(`${child.name} never answered ${path}: ${last}; ${child.errors().trim()}`);
}

function statusOf(port: number, path: string): Promise<string> {
  return new Promise((resolve) => {
    const headers = { host: HOST, connection: 'close' };
    const outgoing = request({ host: '127.0.0.1', port, path, headers, agent: false });
    outgoing.setTimeout(1_000, () => outgoing.destroy(new Error('no answer in 1 s')));
    outgoing.on('error', (error) => resolve(error.message));
    outgoing.on('response', (response) => {
      response.resume();
      resolve(String(response.statusCode));
    });
    outgoing.end();
  });
}
