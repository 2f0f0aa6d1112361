/** A TCP probe as kubelet means it: the application is well when it accepts. */
import { connect } from 'node:net';
import type { ProbeTarget } from './probe-page.ts';

/** Null: it accepts; else why not. */
export function probeTcp({ host, port }: ProbeTarget, signal: AbortSignal): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, signal });
    socket.once('error', ({ message }) => resolve(message));
    socket.once('connect', () => {
      socket.destroy();
      resolve(null);
    });
  });
}
