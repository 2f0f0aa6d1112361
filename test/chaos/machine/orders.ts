/**
 * How the harness and its programs talk: an order over Node's channel, and its answer.
 *
 * A program is a function from orders to answers; it ends when the harness is gone, so that nothing
 * outlives a run that was killed. Called by the programs of `upstream/` and `load/`.
 */

export interface Envelope {
  readonly id: number;
  readonly order: unknown;
}

export type Reply =
  | { readonly id: number; readonly answer: unknown }
  | { readonly id: number; readonly error: string };

/** Makes this process answer orders until the harness lets go of it. */
export function answerOrders<Order>(handle: (order: Order) => unknown): void {
  process.on('disconnect', () => process.exit(0));
  // Ctrl-C goes to the whole group; the harness decides what ends, and in which order.
  process.on('SIGINT', () => {});
  process.on('message', ({ id, order }: Envelope) => {
    void answer(id, async () => await handle(order as Order));
  });
}

async function answer(id: number, handle: () => Promise<unknown>): Promise<void> {
  let reply: Reply;
  try {
    reply = { id, answer: await handle() };
  } catch (error) {
    reply = { id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
  process.send?.(reply);
}

/** Milliseconds since 1970 with a fraction: the same instant in all processes of one machine. */
export function epochMs(): number {
  return performance.timeOrigin + performance.now();
}

export function sleepMs(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, Math.max(0, ms));
  });
}
