/**
 * Steady load from keep-alive clients, each sending its next request when it has its answer.
 *
 * A client whose connection is closed after an answer opens another, to the next address where
 * there are several, as a caller does that was told of another instance. A request that was sent
 * and got no answer is lost, and a lost request is what these tests look for: nothing is retried.
 */
import { connectRaw, type RawClient } from './raw-client.ts';
import { fieldValue } from './message-reader.ts';

export interface LoadResult {
  /** Answers by status, and by Remora's error code where it has one: `200`, `503 RMR_...`. */
  readonly answers: Map<string, number>;
  /** Requests that were sent and never answered, with what was seen instead. */
  readonly lost: string[];
  /** Connections that the listener did not take: nothing was sent on these. */
  refused: number;
}

export interface Load {
  readonly result: LoadResult;
  /** Answers so far. */
  readonly answered: number;
  /** Lets the requests in flight end, and stops. */
  stop(): Promise<LoadResult>;
}

export interface LoadOptions {
  /** Tried in turn, from the first. */
  readonly addresses: readonly string[];
  readonly clients: number;
  /** The bytes of a request. */
  readonly request: string;
}

export function startLoad(options: LoadOptions): Load {
  const result: LoadResult = { answers: new Map(), lost: [], refused: 0 };
  const state = { stopped: false };
  const clients = Array.from({ length: options.clients }, () => runClient(options, result, state));
  return {
    result,
    get answered() {
      return result.answers.values().reduce((sum, count) => sum + count, 0);
    },
    async stop() {
      state.stopped = true;
      await Promise.all(clients);
      return result;
    },
  };
}

async function runClient(
  { addresses, request }: LoadOptions,
  result: LoadResult,
  state: { readonly stopped: boolean },
): Promise<void> {
  for (let turn = 0; !state.stopped; turn++) {
    let client: RawClient;
    try {
      client = await connectRaw(addresses[turn % addresses.length]!);
    } catch {
      result.refused++;
      if (addresses.length === 1) return;
      continue;
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
      const code = fieldValue(response.fields, 'x-remora-error');
      const answer = code === undefined ? `${response.status}` : `${response.status} ${code}`;
      result.answers.set(answer, (result.answers.get(answer) ?? 0) + 1);
      if (fieldValue(response.fields, 'connection')?.toLowerCase() === 'close') return;
    } catch (error) {
      result.lost.push(String(error));
      return;
    }
  }
}
