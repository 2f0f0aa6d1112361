/**
 * How far a drain is, as a proxy's GET /drain says it, and the wait for its end: the same for
 * `remora drain`, which asks from outside, and `remora-proxy drain` of a pod's preStop hook.
 *
 * Pure: how a proxy is asked and how one waits is the caller's affair.
 */

const CHECK_MS = 100;
/** How long a proxy has for one answer. */
export const DRAIN_ANSWER_TIMEOUT_MS = 5_000;
export const DRAIN_WAIT_SECONDS_MAX = 3_600;
/** What a connection fails with where nobody is, or is no more. */
export const GONE_CODES: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE']);

export const DRAINING =
  'Draining: not ready, callers are told to leave; the way out stays open until SIGTERM.';

export type DrainPhase = 'serving' | 'closing-in' | 'in-closed' | 'closing-out' | 'done';

export interface DrainState {
  readonly phase: DrainPhase;
  readonly inFlight: number;
}

/** One that has ended has nothing in flight. */
export const GONE: DrainState = { phase: 'done', inFlight: 0 };

/** Asks once. Null: the proxy said nothing, and may have a lot in flight. */
export type AskDrain = (timeoutMs: number) => Promise<DrainState | null>;

export interface Waiting {
  nowMs(): number;
  sleep(ms: number): Promise<unknown>;
}

/** Until the way in is closed and all of its requests are answered, or `waitMs` have passed. */
export async function untilDrained(
  ask: AskDrain,
  waitMs: number,
  { nowMs, sleep }: Waiting,
): Promise<{ readonly isDrained: boolean; readonly text: string }> {
  const startedAtMs = nowMs();
  for (;;) {
    const leftMs = waitMs - (nowMs() - startedAtMs);
    const state = await ask(Math.min(DRAIN_ANSWER_TIMEOUT_MS, Math.max(CHECK_MS, leftMs)));
    const passedMs = nowMs() - startedAtMs;
    const passed = `After ${(passedMs / 1_000).toFixed(1)} s`;
    if (state !== null && state.phase !== 'serving' && state.phase !== 'closing-in') {
      const text = `${passed} the way in is closed, all of its requests are answered.`;
      return { isDrained: true, text };
    }
    if (passedMs >= waitMs) {
      const open = `the way in is not closed, ${state?.inFlight} in flight`;
      const what = state === null ? 'the proxy does not answer' : open;
      return { isDrained: false, text: `${passed} ${what}; it goes on draining.` };
    }
    await sleep(Math.min(CHECK_MS, waitMs - passedMs));
  }
}
