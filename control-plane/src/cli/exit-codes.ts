/**
 * Every exit code of `remora`, by name. Scripts may rely on them; sysexits.h where it has a word.
 *
 * Pure constants.
 */
export const EXIT_OK = 0;
/** The command worked, and what it looked at is wrong: mistakes in YAML, a proxy that refused. */
export const EXIT_FOUND = 1;
/** The command line or a file it names cannot be used. */
export const EXIT_USAGE = 64;
/** Something needed is not there: the control plane, the proxy program, a port. */
export const EXIT_UNAVAILABLE = 69;
/** A mistake of Remora's own. */
export const EXIT_INTERNAL = 70;

export type ExitCode =
  | typeof EXIT_OK
  | typeof EXIT_FOUND
  | typeof EXIT_USAGE
  | typeof EXIT_UNAVAILABLE
  | typeof EXIT_INTERNAL;
