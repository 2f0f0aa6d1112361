/**
 * Times as people read them: three digits that matter, and the unit.
 *
 * Pure. Called by what is printed of records.
 */
const MS_PER_SECOND = 1_000;

/** `0.4 ms`, `12.3 ms`, `312 ms`, `1.35 s`. */
export function timeText(ms: number): string {
  if (Math.abs(ms) >= MS_PER_SECOND) return `${(ms / MS_PER_SECOND).toFixed(2)} s`;
  return `${ms.toFixed(Math.abs(ms) < 100 ? 1 : 0)} ms`;
}

/** Time of day, UTC: logs of several machines are compared with it. */
export function clockText(atMs: number): string {
  return isoOf(atMs).slice(11, 23);
}

export function dateText(atMs: number): string {
  return `${isoOf(atMs).slice(0, 23).replace('T', ' ')} UTC`;
}

export function bytesText(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 * 1024) return `${(bytes / 1024).toFixed(1)} KiB`;
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}

/** A record's clock may be wrong by more than a date can be. */
function isoOf(atMs: number): string {
  const date = new Date(atMs);
  return Number.isNaN(date.getTime()) ? '????-??-??T??:??:??.???' : date.toISOString();
}
