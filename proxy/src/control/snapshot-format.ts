/**
 * The file format of `--snapshot` and `--last-good`: destinations by key, with their versions.
 *
 *   {"format":"remora-snapshot/1","inbound":{"version":"…","config":{…}},
 *    "destinations":{"<key>":{"version":"…","config":{…}}}}        inbound: of a proxy that has one
 *
 * A configuration is kept as the text it came in: nothing but compiling needs it as objects, and
 * text is smaller and written without `JSON.stringify`.
 *
 * Pure: generators, run in slices. Read by `snapshot-file.ts`, written by `last-good.ts`.
 */
import { INBOUND_KEY } from '@remora/api/wire-resilience.ts';
import { membersOf, parseSliced, type Span } from './sliced-json.ts';

const FORMAT = 'remora-snapshot/1';
/**
 * Up to here the runtime's own parser is quick enough. Walking even a small file in our code warms
 * it up for the optimizing compiler, and the compiler's own pages cost an idle sidecar 8 MB.
 */
const WHOLE_CHARS = 64 * 1024;

/** One version of one destination, as it came. */
export interface ConfigText {
  readonly key: string;
  readonly version: string;
  /** A DestinationConfig as JSON, or of INBOUND_KEY an InboundConfig. */
  readonly text: string;
}

/** Throws an Error with the reason when it is not this format. */
export function* readSnapshot(file: string): Generator<void, readonly ConfigText[]> {
  if (file.length <= WHOLE_CHARS) return readWhole(file);
  const members = yield* membersOf(file);
  const format = yield* textMember(file, members, 'format');
  if (format !== FORMAT) throw new Error(`format is "${format}", expected "${FORMAT}"`);
  const destinations = members.get('destinations');
  if (destinations === undefined) throw new Error('destinations are missing');
  const found: ConfigText[] = [];
  const inbound = members.get('inbound');
  if (inbound !== undefined) found.push(yield* readConfigText(file, INBOUND_KEY, inbound));
  for (const [key, span] of yield* membersOf(file, destinations)) {
    found.push(yield* readConfigText(file, key, span));
  }
  return found;
}

function readWhole(file: string): readonly ConfigText[] {
  if (file.trim() === '') throw new Error('expected a JSON object, found nothing');
  const snapshot = fieldsOf(JSON.parse(file), 'the snapshot');
  const format = snapshot.get('format');
  if (format !== FORMAT) throw new Error(`format is "${format}", expected "${FORMAT}"`);
  const given = snapshot.get('destinations');
  if (given === undefined) throw new Error('destinations are missing');
  const inbound = snapshot.get('inbound');
  const entries = [...fieldsOf(given, 'destinations')];
  if (inbound !== undefined) entries.unshift([INBOUND_KEY, inbound]);
  return entries.map(([key, value]) => {
    const entry = fieldsOf(value, key);
    const version = entry.get('version');
    const config = entry.get('config');
    if (typeof version !== 'string') throw new Error(`${key}: version is missing`);
    if (config === undefined) throw new Error(`${key}: config is missing`);
    return { key, version, text: JSON.stringify(config) };
  });
}

function fieldsOf(value: unknown, name: string): ReadonlyMap<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error(`${name}: expected a JSON object`);
  }
  return new Map(Object.entries(value));
}

/** Pieces of the file, in order; the inbound's, where there is one, comes first. */
export function* writeSnapshot(configs: Iterable<ConfigText>): Generator<string> {
  let before = `{"format":"${FORMAT}",`;
  let isOpen = false;
  for (const { key, version, text } of configs) {
    const head = `${JSON.stringify(key)}:{"version":${JSON.stringify(version)},"config":`;
    if (key !== INBOUND_KEY && !isOpen) before += '"destinations":{';
    isOpen ||= key !== INBOUND_KEY;
    yield `${before}\n${head}`;
    yield text;
    before = '},';
  }
  if (isOpen) yield '}}}\n';
  else yield `${before}"destinations":{}}\n`;
}

/** Reads `version` and `config` of an object in `file`. */
export function* readConfigText(
  file: string,
  key: string,
  span?: Span,
): Generator<void, ConfigText> {
  const members = yield* membersOf(file, span);
  const version = yield* textMember(file, members, 'version');
  const config = members.get('config');
  if (config === undefined) throw new Error(`${key}: config is missing`);
  return { key, version, text: file.slice(config.from, config.to).trim() };
}

function* textMember(
  file: string,
  members: ReadonlyMap<string, Span>,
  name: string,
): Generator<void, string> {
  const span = members.get(name);
  const value: unknown = span === undefined ? undefined : yield* parseSliced(file, span);
  if (typeof value !== 'string') throw new Error(`${name} is missing`);
  return value;
}
