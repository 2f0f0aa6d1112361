/**
 * What the control plane says, read: the one place where its lines become messages.
 *
 * A `put` of either kind keeps its configuration as text, which `installer.ts` parses in slices.
 * Unknown types are ignored (a newer control plane may have more to say); a line that is no message
 * ends the stream.
 *
 * Pure: a generator, since a line has up to 4 MiB. Called by `subscription.ts`.
 */
import type { ControlMessage } from '@remora/api/wire.ts';
import { INBOUND_KEY } from '@remora/api/wire-resilience.ts';
import { readQueryMessage } from './query-shape.ts';
import { membersOf, parseSliced } from './sliced-json.ts';
import { type ConfigText, readConfigText } from './snapshot-format.ts';

export type ControlLine =
  | { readonly type: 'put'; readonly put: ConfigText }
  | Exclude<ControlMessage, { readonly type: 'put' | 'put-inbound' }>;

const NEAREST_MAX = 3;

/** Null: a type that this proxy does not know. Throws when it is no message at all. */
export function* readControlLine(line: string): Generator<void, ControlLine | null> {
  const members = yield* membersOf(line);
  const text = (name: string): string => {
    const span = members.get(name);
    const value: unknown = span === undefined ? null : JSON.parse(line.slice(span.from, span.to));
    if (typeof value !== 'string') throw new Error(`a message without ${name}`);
    return value;
  };
  const type = text('type');
  switch (type) {
    case 'welcome':
      return { type, protocol: 1, controlPlane: text('controlPlane') };
    case 'put':
      return { type, put: yield* readConfigText(line, text('destination')) };
    case 'put-inbound':
      return { type: 'put', put: yield* readConfigText(line, INBOUND_KEY) };
    case 'current':
      return { type, destination: text('destination'), version: text('version') };
    case 'gone': {
      const span = members.get('nearest');
      const nearest: unknown = span === undefined ? [] : yield* parseSliced(line, span);
      return { type, destination: text('destination'), nearest: namesOf(nearest) };
    }
    case 'query':
      return readQueryMessage(yield* parseSliced(line));
    case 'ping':
      return { type };
    default:
      return null;
  }
}

function namesOf(value: unknown): readonly string[] {
  if (!Array.isArray(value)) return [];
  return value.filter((name) => typeof name === 'string').slice(0, NEAREST_MAX);
}
