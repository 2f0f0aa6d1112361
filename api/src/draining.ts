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

/** How who waits asks the proxy, and how it waits. */
export interface DrainWatch {
  /** GET /drain, once. Rejects where nothing was said in time. */
  look(timeoutMs: number): Promise<{ readonly status: number; readonly body: string }>;
  /** Whether nobody is there, by what `look` rejected with. */
  isGone(error: unknown): boolean;
  nowMs(): number;
  sleep(ms: number): Promise<unknown>;
}

/** Until the way in is closed and all of its requests are answered, or `waitMs` have passed. */
export async function untilDrained(
  watch: DrainWatch,
  waitMs: number,
): Promise<{ readonly isDrained: boolean; readonly text: string }> {
  const startedAtMs = watch.nowMs();
  for (;;) {
    const leftMs = waitMs - (watch.nowMs() - startedAtMs);
    const lookMs = Math.min(DRAIN_ANSWER_TIMEOUT_MS, Math.max(CHECK_MS, leftMs));
    const state = await stateOf(watch, lookMs);
    const passedMs = watch.nowMs() - startedAtMs;
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
    await watch.sleep(Math.min(CHECK_MS, waitMs - passedMs));
  }
}

/** One that has ended has nothing in flight. Null: it said nothing, and may have a lot. */
async function stateOf(watch: DrainWatch, timeoutMs: number): Promise<DrainState | null> {
  try {
    const { status, body } = await watch.look(timeoutMs);
    return status === 200 ? (JSON.parse(body) as DrainState) : null;
  } catch (error) {
    return watch.isGone(error) ? { phase: 'done', inFlight: 0 } : null;
  }
}
