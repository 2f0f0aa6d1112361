/**
 * The control plane as a process: flags, signals, exit codes, and nothing else.
 *
 * Logs go to stderr; stdout carries one line, `ready`, for whoever started it.
 *
 * `node control-plane/src/main.ts --folder DIR --listen 127.0.0.1:PORT`
 */
import { stdout } from 'node:process';
import { parseArgs } from 'node:util';
import pino from 'pino';
import { startControlPlane } from './control-plane.ts';

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
const USAGE = 'Usage: --folder DIR --listen 127.0.0.1:PORT (port 0: any that is free)';

const log = pino({ base: null }, pino.destination({ fd: 2, sync: true }));
const flags = readFlags();
if (typeof flags === 'string') {
  log.error({ usage: USAGE }, flags);
  process.exitCode = EXIT_USAGE;
} else {
  await run(flags);
}

interface Flags {
  readonly folder: string;
  readonly listen: { readonly host: string; readonly port: number };
}

function readFlags(): Flags | string {
  try {
    const options = { folder: { type: 'string' }, listen: { type: 'string' } } as const;
    const { folder, listen } = parseArgs({ options }).values;
    if (folder === undefined) return '--folder is missing';
    const [, host, port] = /^\[?([^\]]+?)\]?:(\d{1,5})$/.exec(listen ?? '') ?? [];
    if (host === undefined) return '--listen must be an address and a port';
    return { folder, listen: { host, port: Number(port) } };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function run({ folder, listen }: Flags): Promise<void> {
  try {
    const controlPlane = await startControlPlane({ folder, listen, log });
    const { host } = new URL(controlPlane.url);
    stdout.write(`${JSON.stringify({ msg: 'ready', listen: host })}\n`);
    const end = () => void controlPlane.close().then(() => process.exit(0));
    process.once('SIGTERM', end);
    process.once('SIGINT', end);
  } catch (error) {
    log.error({ error: error instanceof Error ? error.message : error }, 'cannot start');
    process.exitCode = EXIT_FAILED;
  }
}
