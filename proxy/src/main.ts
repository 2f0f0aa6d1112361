/**
 * The proxy as a process: flags in, one ready line out, signals, exit codes. Nothing else touches
 * `process`. With the word `drain` it is the other process, which tells the first to leave.
 *
 * Exit codes: 0 after a drain, 1 when it could not start, 2 for wrong flags.
 */
import { drain } from './drain-command.ts';
import { parseFlags, USAGE } from './flags.ts';
import { DirectSink } from './net/direct-sink.ts';
import { startProxy } from './proxy.ts';
import { createLog } from './telemetry/log.ts';
import { warmUp } from './warm-up.ts';

const EXIT_OK = 0;
const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

async function main(): Promise<void> {
  const args = process.argv.slice(2);
  if (args[0] === 'drain') {
    process.exitCode = await drain(args.slice(1), (text) => void process.stdout.write(text));
    return;
  }
  const options = parseFlags(args);
  if (options === 'help') {
    process.stdout.write(USAGE);
    return;
  }
  if (typeof options === 'string') {
    process.stderr.write(`remora-proxy: ${options}\n\n${USAGE}`);
    process.exitCode = EXIT_USAGE;
    return;
  }
  const log = createLog(new DirectSink(process.stderr));
  const unheard = createLog({ writableLength: 0, write: () => true });
  const warmedUp = await warmUp(options, (staged) => startProxy(staged, unheard));
  log.info({ ...warmedUp }, warmedUp.missed === null ? 'warmed up' : 'not warmed up');
  const proxy = await startProxy(options, log, process.env['REMORA_POISON'] === '1');
  process.on('SIGTERM', () => proxy.end());
  process.on('SIGINT', () => proxy.end());
  void proxy.drained.then(() => {
    log.flush();
    process.exit(EXIT_OK);
  });
  process.stdout.write(`${JSON.stringify({ msg: 'ready', ...proxy.addresses })}\n`);
}

/** What to do about a listener that could not be had. */
const NEXT: Readonly<Record<string, string>> = {
  EADDRINUSE: ': `ss -ltnp` shows who has that port; port 0 takes a free one',
  EACCES: ': ports below 1024 need the capability NET_BIND_SERVICE',
  EADDRNOTAVAIL: ': `ip address` shows which addresses are of this machine',
};

main().catch((error: unknown) => {
  const { message, code = '' } = error instanceof Error ? (error as NodeJS.ErrnoException) : {};
  const reason = message ?? String(error);
  process.stderr.write(`remora-proxy: cannot start: ${reason}${NEXT[code] ?? ''}\n`);
  process.exitCode = EXIT_FAILED;
});
