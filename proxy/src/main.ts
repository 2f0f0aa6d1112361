/**
 * The proxy as a process: flags in, one ready line out, signals, exit codes. Nothing else touches
 * `process`.
 *
 * Exit codes: 0 after a drain, 1 when it could not start, 2 for wrong flags.
 */
import { parseArgs } from 'node:util';
import { errorText, parseOptions, USAGE } from './flags.ts';
import { startProxy } from './proxy.ts';
import { createLog } from './telemetry/log.ts';

const EXIT_OK = 0;
const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
