/**
 * Steady load from keep-alive clients, each sending its next request when it has its answer.
 *
 * A client whose connection is closed after an answer opens another, as libraries do. A request
 * that was sent and got no answer is lost, and a lost request is what these tests look for: nothing
 * is retried here.
 */
import { connectRaw, type RawClient } from './raw-client.ts';
import { fieldValue } from './message-reader.ts';

export interface LoadResult {
  /** Answers by status. */
  readonly statuses: Map<number, number>;
  /** Requests that were sent and never answered, with what was seen instead. */
  readonly lost: string[];
  /** Connections that the listener did not take: nothing was sent on these. */
  refused: number;
}

export interface Load {
  readonly result: LoadResult;
  /** Lets the requests in flight end, and stops. */
  stop(): Promise<LoadResult>;
}

export interface LoadOptions {
  readonly address: string;
  readonly clients: number;
  /** The bytes of a request. */
  readonly request: string;
}

export function startLoad(options: LoadOptions): Load {
  const result: LoadResult = { statuses: new Map(), lost: [], refused: 0 };
  const state = { stopped: false };
  const clients = Array.from({ length: options.clients }, () => runClient(options, result, state));
  return {
    result,
    async stop() {
      state.stopped = true;
      await Promise.all(clients);
      return result;
    },
  };
}

async function runClient(
  { address, request }: LoadOptions,
  result: LoadResult,
  state: { readonly stopped: boolean },
): Promise<void> {
  while (!state.stopped) {
    let client: RawClient;
    try {
      client = await connectRaw(address);
    } catch {
      result.refused++;
      return;
    }
    await useConnection(client, request, result, state);
    client.close();
  }
}

async function useConnection(
  client: RawClient,
  request: string,
  result: LoadResult,
  state: { readonly stopped: boolean },
): Promise<void> {
  while (!state.stopped) {
    // Seen before anything was sent: the request is not lost, it goes over another connection.
    if (client.ended !== 'open') return;
    try {
      const response = await client.ask(request);
      result.statuses.set(response.status, (result.statuses.get(response.status) ?? 0) + 1);
      if (fieldValue(response.fields, 'connection')?.toLowerCase() === 'close') return;
    } catch (error) {
      result.lost.push(String(error));
      return;
    }
  }
}
