/**
 * Asks a control plane: for its account of itself, and for what its proxies know.
 *
 * The URL is checked and every failure is a sentence that says what to type next. Called by the
 * verbs that look.
 */
import { ports } from '@remora/api/ports.ts';
import { printable } from '../dev/line.ts';
import type { QueryError } from '../publish/query-pages.ts';
import type { Status } from '../status.ts';
import { EXIT_UNAVAILABLE, EXIT_USAGE, type ExitCode } from './exit-codes.ts';
import { joinPages } from './join-pages.ts';
import type { Io, Options } from './verb.ts';

const STANDARD_URL = `http://127.0.0.1:${ports.control}`;
/** A query of proxies takes the control plane 2 s at most. */
const ANSWER_TIMEOUT_MS = 5_000;

export const CONTROL_OPTION = [
  '--control <url>',
  `the control plane (default: $REMORA_CONTROL, else ${STANDARD_URL})`,
] as const;

export interface Asked {
  readonly status: Status | null;
  /** Of use only where there is no status. */
  readonly code: ExitCode;
}

/** Why there is no page, and what to type next. */
export interface Refusal {
  /** 0: there is no control plane. */
  readonly status: number;
  readonly why: string;
  readonly next: string;
}

export type Page<T> =
  | { readonly body: T; readonly refusal: null }
  | { readonly body: null; readonly refusal: Refusal };

export async function askControlPlane(options: Options, io: Io): Promise<Asked> {
  const page = await askPage<Status>(options, io, '/v1/status');
  if (page.refusal !== null) return { status: null, code: tellRefusal(page.refusal, io) };
  return { status: page.body, code: EXIT_UNAVAILABLE };
}

/** Of all replicas, where `--control` names several, by commas. Tells nobody: see `tellRefusal`. */
export async function askPage<T>(options: Options, io: Io, path: string): Promise<Page<T>> {
  const given = options['control'] ?? io.env['REMORA_CONTROL'] ?? STANDARD_URL;
  const urls = String(given).split(',');
  const pages = await Promise.all(urls.map((url) => askOne(url.replace(/\/$/, ''), path)));
  return joinPages(path, pages) as Page<T>;
}

async function askOne(url: string, path: string): Promise<Page<unknown>> {
  try {
    const signal = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
    const answer = await fetch(url + path, { signal });
    const body: unknown = await answer.json();
    if (answer.status === 200) return { body, refusal: null };
    return { body: null, refusal: refusalOf(answer.status, body as QueryError) };
  } catch (error) {
    const next =
      'Start a mesh with `remora dev FOLDER`, name its control plane with --control URL, or ' +
      'ask the one in your cluster with --cluster.';
    const why = `No control plane at ${url}: ${causeOf(error)}.`;
    return { body: null, refusal: { status: 0, why, next } };
  }
}

/** Says why there is no page, and what to do. */
export function tellRefusal({ status, why, next }: Refusal, io: Io): ExitCode {
  io.err(printable(why));
  io.err(printable(next));
  return status === 404 || status === 400 ? EXIT_USAGE : EXIT_UNAVAILABLE;
}

/** What the page of a control plane refused, as a sentence and the next step. */
export function refusalOf(status: number, { error, nearest }: QueryError): Refusal {
  const why = `${error}.`;
  if (nearest !== undefined) {
    const meant = nearest.length === 0 ? '' : `Did you mean ${nearest.join(', ')}? `;
    return { status, why, next: `${meant}\`remora status\` lists the proxies.` };
  }
  const next =
    status === 404
      ? 'This control plane is older than your `remora`: `remora --version` tells its version.'
      : 'Try again in a moment; `remora status` shows who is connected.';
  return { status, why, next };
}

/** What `fetch` hides behind `fetch failed`. */
export function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
