/**
 * The test data that others wrote, where it is there: one folder a corpus, JSON lines of cases.
 *
 * It lies beside the checkout and is not part of it, so every suite that uses it must say that it
 * skips. Reads files; used by the in-process and the socket suite and by the fuzzer.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface CorpusCase {
  readonly id: string;
  readonly corpus: string;
  readonly kind: string;
  readonly verdict: string;
  readonly tags: readonly string[];
  readonly bytes: Buffer;
  /** Messages that the verdict counts as rightly read before a refusal. */
  readonly messagesBefore: number;
  /** The path cases only. */
  readonly path: string | null;
  readonly expect: unknown;
}

interface Line {
  readonly id: string;
  readonly kind?: string;
  readonly verdict: string;
  readonly tags?: readonly string[] | null;
  readonly raw_b64?: string;
  readonly path?: string;
  readonly expect?: unknown;
}

const FOLDER = join(import.meta.dirname, '../../../shared/corpora');

/** What a suite says when it skips; null: the corpora are there. */
export const corporaMissing: string | null = existsSync(FOLDER)
  ? null
  : `no corpora at ${FOLDER}: only the project's own cases run`;

export function corpusCases(kinds: readonly string[]): CorpusCase[] {
  if (corporaMissing !== null) return [];
  return readdirSync(FOLDER).flatMap((corpus) => {
    const file = join(FOLDER, corpus, 'cases.jsonl');
    if (!existsSync(file)) return [];
    return readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => toCase(corpus, JSON.parse(line) as Line))
      .filter((each) => kinds.includes(each.kind));
  });
}

function toCase(corpus: string, line: Line): CorpusCase {
  const expected = (line.expect ?? {}) as { messages?: number };
  return {
    id: line.id,
    corpus,
    kind: line.kind ?? '',
    verdict: line.verdict,
    tags: line.tags ?? [],
    bytes: Buffer.from(line.raw_b64 ?? '', 'base64'),
    messagesBefore: corpus === 'llhttp' ? (expected.messages ?? 0) : 0,
    path: line.path ?? null,
    expect: line.expect ?? null,
  };
}

/** A request of HTTP/1.1 without Host is refused whatever else the case is about. */
export function hasHost(each: CorpusCase): boolean {
  return /host:/i.test(each.bytes.toString('latin1'));
}
