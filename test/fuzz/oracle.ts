/**
 * What must hold for any bytes at all: what goes on is canonical, in as many messages as counted;
 * sent through once more it comes out the same; and no cut changes its meaning.
 *
 * Pure. The relays are parameters, so that a test can show that a broken one is found.
 */
import { METHOD } from '../../proxy/src/http1/head.ts';
import { type Outcome, relayRequests, relayResponse } from '../corpora/pipeline.ts';
import { type Message, readRequests, readResponses } from '../corpora/strict-grammar.ts';

export interface Relays {
  readonly request: (bytes: Uint8Array, cuts?: readonly number[]) => Outcome;
  readonly response: (bytes: Uint8Array, method?: number, cuts?: readonly number[]) => Outcome;
}

export const codecRelays: Relays = { request: relayRequests, response: relayResponse };

/** What messages mean: all but where they stand. */
function meaning(messages: readonly Message[]): string {
  return JSON.stringify(messages.map(({ start: _start, end: _end, ...rest }) => rest));
}

/** Null, or what is wrong with how these bytes were read as requests. */
export function requestFault(
  bytes: Buffer,
  cuts: readonly number[],
  relays: Relays = codecRelays,
): string | null {
  const outcome = relays.request(bytes);
  const reading = readRequests(outcome.sent);
  if (reading.fault !== null) return `not canonical: ${reading.fault}`;
  if (reading.messages.length !== outcome.whole) {
    return `${outcome.whole} messages counted, ${reading.messages.length} read`;
  }
  const end = reading.messages.at(-1)?.end ?? 0;
  const again = relays.request(outcome.sent.subarray(0, end)).sent;
  const closed = outcome.sent.indexOf('connection: close\r\n') >= 0;
  if (!closed && !again.equals(outcome.sent.subarray(0, end))) return 'a second pass changes it';

  // A line is judged when its LF is there: behind one, whole and cut must agree.
  const ended = Buffer.concat([bytes, Buffer.from('\n')]);
  const whole = relays.request(ended);
  const cut = relays.request(ended, cuts);
  if ((whole.refused === 0) !== (cut.refused === 0)) return `cut: ${whole.refused}, ${cut.refused}`;
  const same = meaning(readRequests(whole.sent).messages);
  if (meaning(readRequests(cut.sent).messages) !== same) return 'cut, it means something else';
  return null;
}

/** Null, or what is wrong with how these bytes were read as the answer to a GET. */
export function responseFault(
  bytes: Buffer,
  cuts: readonly number[],
  relays: Relays = codecRelays,
): string | null {
  const outcome = relays.response(bytes);
  const reading = readResponses(outcome.sent, ['GET'], false);
  if (reading.fault !== null) return `not canonical: ${reading.fault}`;
  const finals = reading.messages.filter(({ status }) => status >= 200).length;
  if (finals !== outcome.whole) return `${outcome.whole} answers counted, ${finals} read`;

  const ended = Buffer.concat([bytes, Buffer.from('\n')]);
  const whole = relays.response(ended);
  const cut = relays.response(ended, METHOD.GET, cuts);
  if ((whole.refused === 0) !== (cut.refused === 0)) return `cut: ${whole.refused}, ${cut.refused}`;
  const same = meaning(readResponses(whole.sent, ['GET'], false).messages);
  if (meaning(readResponses(cut.sent, ['GET'], false).messages) !== same) {
    return 'cut, it means something else';
  }
  return null;
}
