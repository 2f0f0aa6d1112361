/**
 * A network of one's own for a test of interception: addresses that nobody has, and iptables rules
 * that redirect nobody else's connections.
 *
 * A namespace belongs to a thread, and Node opens sockets and starts processes from its main one:
 * so a test file moves itself, and all that it opens is in there. It is gone with the process.
 *
 * Needs root and iptables: `whyNoNamespace` says what is missing, for the test to skip aloud.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { dlopen } from 'node:ffi';

const CLONE_NEWNET = 0x4000_0000;
const OWN = '/proc/thread-self/ns/net';

/** Null: this user has these programs and may make namespaces; whether they work is another's. */
export function whyNoNamespaces(...programs: readonly string[]): string | null {
  if (process.platform !== 'linux') return 'network namespaces are of Linux';
  if (process.getuid?.() !== 0) return 'only root may make a network namespace';
  const missing = ['ip', ...programs].filter((one) => spawnSync('which', [one]).status !== 0);
  return missing.length > 0 ? `there is no ${missing.join(', ')} here` : null;
}

/** Null: there can be one, with redirected connections. */
export function whyNoNamespace(): string | null {
  const why = whyNoNamespaces('iptables', 'ip6tables', 'unshare');
  if (why !== null) return why;
  const { status } = spawnSync('unshare', ['-n', 'iptables', '-t', 'nat', '-S']);
  return status === 0 ? null : 'this kernel lets nobody redirect connections';
}

/** This process is in a network of its own from here on. */
export function enterNamespace(): void {
  const { functions } = dlopen(null, { unshare: { arguments: ['i32'], return: 'i32' } });
  if (functions.unshare(CLONE_NEWNET) !== 0) throw new Error('unshare failed');
  run('ip link set lo up');
}

/** A second network, for what is started in it. */
export class Namespace {
  readonly #inside: number;
  readonly #setns: (fd: number, type: number) => number;

  constructor() {
    const { functions } = dlopen(null, {
      unshare: { arguments: ['i32'], return: 'i32' },
      setns: { arguments: ['i32', 'i32'], return: 'i32' },
    });
    this.#setns = functions.setns;
    const outside = openSync(OWN, 'r');
    if (functions.unshare(CLONE_NEWNET) !== 0) throw new Error('unshare failed');
    this.#inside = openSync(OWN, 'r');
    this.#move(outside);
    closeSync(outside);
    this.within(() => run('ip link set lo up'));
  }

  /** What is done, and started, inside this call is in there; not what it leaves for later. */
  within<T>(work: () => T): T {
    const outside = openSync(OWN, 'r');
    this.#move(this.#inside);
    try {
      return work();
    } finally {
      this.#move(outside);
      closeSync(outside);
    }
  }

  #move(fd: number): void {
    if (this.#setns(fd, CLONE_NEWNET) !== 0) throw new Error('setns failed');
  }
}

/** Commands, one a line. Throws what one that fails says. */
export function run(commands: string): void {
  for (const line of commands.trim().split('\n')) {
    const [command = '', ...args] = line.trim().split(/\s+/);
    const { status, stderr, error } = spawnSync(command, args);
    if (status !== 0) throw new Error(`${line}: ${error?.message ?? stderr}`);
  }
}
