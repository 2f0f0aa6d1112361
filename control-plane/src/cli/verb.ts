/**
 * What a verb is, and the world that it is handed: so that a verb can be run by a test.
 *
 * Types, and the option that verbs share. Verbs are one file each, listed in `main.ts`.
 */
import type { ExitCode } from './exit-codes.ts';

/** As they were given, by their names in camel case. */
export type Options = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

export interface Verb {
  /** Commander's form: `dev <folder>`. */
  readonly usage: string;
  readonly summary: string;
  readonly group: 'Run:' | 'Look:' | 'Cluster:';
  /** Flags and what each says in the help. One that may be repeated is a list. */
  readonly options: readonly (readonly [flags: string, text: string, standard?: string])[];
  run(args: readonly string[], options: Options, io: Io): Promise<ExitCode>;
}

export const JSON_OPTION = ['--json', 'print JSON, for programs'] as const;

/** Standard output as a verb sees it. */
export interface Terminal {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
  write(text: string): unknown;
}

export interface Io {
  readonly terminal: Terminal;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Standard input, whole. */
  input?(): Promise<string>;
  out(line: string): void;
  err(line: string): void;
  /** Called for each Ctrl-C and SIGTERM; `isRepeated` when the user has lost patience. */
  onInterrupt(heard: (isRepeated: boolean) => void): void;
}
