/**
 * What the control plane needs of a log: pino's own shape, so that tests hand in a silent one.
 *
 * Types only. `main.ts` makes the real one.
 */
export type LogLine = (fields: object, message: string) => void;

export interface Log {
  readonly info: LogLine;
  readonly warn: LogLine;
  readonly error: LogLine;
}

export const silentLog: Log = { info: nothing, warn: nothing, error: nothing };

function nothing(): void {}
