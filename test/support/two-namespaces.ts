/**
 * Two network namespaces with a cable between them: a pod, and the network that it speaks to.
 *
 * Both have addresses of both families and the pod's default route leads to the other, so that a
 * Service address, which nobody has, is still dialled over the cable. Needs root and `ip`.
 *
 * Used by tests of what the kernel does with packets. Every namespace is deleted by its own name.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { run, whyNoNamespaces } from './own-network.ts';
import { within } from './waiting.ts';

const ANSWER_MS_MAX = 10_000;
const PROGRAM = fileURLToPath(new URL('./doors-and-dials.ts', import.meta.url));
const IP = 'ip';

export const podAddress = { 4: '10.201.7.2', 6: 'fd00:201:7::2' } as const;
export const peerAddress = { 4: '10.201.7.1', 6: 'fd00:201:7::1' } as const;

/** Null: they can be made here. */
export function whyNoTwoNamespaces(...programs: readonly string[]): string | null {
  const why = whyNoNamespaces(...programs);
  if (why !== null) return why;
  const name = `remora-try-${process.pid}`;
  const made = spawnSync(IP, ['netns', 'add', name], { encoding: 'utf8' });
  if (made.status !== 0) return `no network namespaces: ${made.stderr.trim()}`;
  spawnSync(IP, ['netns', 'del', name]);
  return null;
}

export class TwoNamespaces {
  readonly pod: string;
  readonly peer: string;
  readonly #children: ChildProcess[] = [];

  constructor(name: string) {
    this.pod = `remora-${name}-${process.pid}-pod`;
    this.peer = `remora-${name}-${process.pid}-peer`;
    process.once('exit', () => this.#delete());
    const steps = [
      `netns add ${this.pod}`,
      `netns add ${this.peer}`,
      `-n ${this.pod} link add eth0 type veth peer name eth0 netns ${this.peer}`,
      ...this.#interface(this.pod, podAddress),
      ...this.#interface(this.peer, peerAddress),
      `-n ${this.pod} route add default via ${peerAddress[4]}`,
      `-n ${this.pod} -6 route add default via ${peerAddress[6]}`,
    ];
    run(steps.map((step) => `${IP} ${step}`).join('\n'));
  }

  /** Runs to its end. */
  run(namespace: string, command: readonly string[]) {
    return spawnSync(IP, ['netns', 'exec', namespace, ...command], { encoding: 'utf8' });
  }

  /** Opens doors, `word host port`: who connects to one hears its word. */
  async open(namespace: string, doors: readonly string[]): Promise<void> {
    const program = this.#start(namespace, 0, ['open', ...doors]);
    await program.next('the doors to open');
  }

  /** Dials as this user: the word that is heard, or the code of the error. */
  dialler(namespace: string, uid: number): (address: string, port: number) => Promise<string> {
    const program = this.#start(namespace, uid, ['dial']);
    return async (address, port) => {
      program.child.stdin?.write(`${address} ${port}\n`);
      return await program.next(`an answer from ${address} ${port}`);
    };
  }

  close(): void {
    for (const child of this.#children) child.kill('SIGKILL');
    this.#delete();
  }

  #interface(namespace: string, address: { readonly 4: string; readonly 6: string }): string[] {
    return [
      `-n ${namespace} link set lo up`,
      `-n ${namespace} addr add ${address[4]}/24 dev eth0`,
      `-n ${namespace} addr add ${address[6]}/64 dev eth0 nodad`,
      `-n ${namespace} link set eth0 up`,
    ];
  }

  #start(namespace: string, uid: number, args: readonly string[]) {
    const command = ['netns', 'exec', namespace, process.execPath, PROGRAM, String(uid), ...args];
    const child = spawn(IP, command, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#children.push(child);
    const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
    const next = async (what: string) => {
      const { value } = await within(lines.next(), ANSWER_MS_MAX, () => what);
      return String(value);
    };
    return { child, next };
  }

  #delete(): void {
    for (const name of [this.pod, this.peer]) spawnSync(IP, ['netns', 'del', name]);
  }
}
