/**
 * Asks a control plane for its account of itself.
 *
 * The URL is checked and every failure is a sentence that says what to type next. Called by the
 * verbs `status` and `routes`.
 */
import { ports } from '@remora/api/ports.ts';
import type { Status } from '../status.ts';
import { EXIT_UNAVAILABLE, type ExitCode } from './exit-codes.ts';
import type { Io } from './verb.ts';

const STANDARD_URL = `http://127.0.0.1:${ports.control}`;
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

export async function askControlPlane(
  options: Readonly<Record<string, string | boolean | undefined>>,
  io: Io,
): Promise<Asked> {
  const given = options['control'] ?? io.env['REMORA_CONTROL'] ?? STANDARD_URL;
  const url = String(given).replace(/\/$/, '');
  try {
    const signal = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
    const answer = await fetch(`${url}/v1/status`, { signal });
    if (!answer.ok) throw new Error(`it answered ${answer.status}`);
    return { status: (await answer.json()) as Status, code: EXIT_UNAVAILABLE };
  } catch (error) {
    io.err(`No control plane at ${url}: ${causeOf(error)}.`);
    io.err('Start a mesh with `remora dev FOLDER`, or name its control plane with --control URL.');
    return { status: null, code: EXIT_UNAVAILABLE };
  }
}

function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
