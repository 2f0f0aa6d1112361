/**
 * The command `remora`: which verbs there are, and what the process does around them.
 *
 * The only file of the CLI that touches `process`: signals, exit codes, standard output.
 * Started by `bin/remora.js`.
 */
import { text as wholeText } from 'node:stream/consumers';
import { Command, CommanderError, Option } from 'commander';
import { alsoInCluster } from './also-in-cluster.ts';
import { check } from './check.ts';
import { config } from './config.ts';
import { dev } from './dev.ts';
import { drain } from './drain.ts';
import { EXIT_INTERNAL, EXIT_OK, EXIT_USAGE, type ExitCode } from './exit-codes.ts';
import { explain } from './explain.ts';
import { inject } from './inject.ts';
import { install } from './install.ts';
import { proxy } from './proxy.ts';
import { routes } from './routes.ts';
import { stat } from './stat.ts';
import { status } from './status.ts';
import { tap } from './tap.ts';
import { top } from './top.ts';
import { uninstall } from './uninstall.ts';
import type { Io, Verb } from './verb.ts';
import { VERSION } from '../version.ts';

const VERBS: readonly Verb[] = [
  ...[dev, proxy, drain, inject, check],
  ...[status, routes, explain, tap, top, stat, config].map(alsoInCluster),
  ...[install, uninstall],
];
/** One Ctrl-C can arrive twice: from the terminal, and forwarded by `bin/remora.js`. */
const SAME_INTERRUPT_MS = 300;

const EXAMPLES = `
Examples:
  $ remora dev examples/shop                         a mesh of real processes on this machine
  $ remora check examples/shop                       every mistake in the YAML, with its remedy
  $ remora proxy --config web.yaml --listen :8080    routing and balancing before any server
  $ remora routes                                    who applied which route
  $ remora tap --failed                              requests that fail, as they fail
  $ remora explain REQUEST_ID                        why one went the way it went
  $ remora install                                   all of it in a cluster; then remora check

Each verb explains itself: remora dev --help`;

async function main(args: readonly string[]): Promise<ExitCode> {
  const io = processIo();
  let code: ExitCode = EXIT_OK;
  const program = new Command('remora')
    .description('A sidecar resilience proxy and a lightweight service mesh.')
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .optionsGroup('Options:')
    .addHelpText('after', EXAMPLES)
    .showSuggestionAfterError()
    .exitOverride();
  for (const verb of VERBS) {
    const command = program
      .command(verb.usage)
      .summary(verb.summary)
      .description(verb.summary)
      .helpGroup(verb.group)
      .exitOverride()
      .action(async (...given: unknown[]) => {
        const names = given.slice(0, -2).filter((one) => typeof one === 'string');
        code = await verb.run(names, command.opts(), io);
      });
    for (const [flags, text, standard] of verb.options) {
      command.addOption(new Option(flags, text).default(standard));
    }
  }
  if (args.length === 0) {
    program.outputHelp();
    return EXIT_USAGE;
  }
  try {
    await program.parseAsync([...args], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? EXIT_OK : EXIT_USAGE;
  }
  return code;
}

function processIo(): Io {
  const heard: ((isRepeated: boolean) => void)[] = [];
  let lastAtMs = Number.NEGATIVE_INFINITY;
  let count = 0;
  const interrupt = () => {
    const nowMs = performance.now();
    if (nowMs - lastAtMs < SAME_INTERRUPT_MS) return;
    lastAtMs = nowMs;
    count++;
    for (const hear of heard) hear(count > 1);
  };
  return {
    terminal: process.stdout,
    env: process.env,
    input: async () => await wholeText(process.stdin),
    out: (line) => void process.stdout.write(`${line}\n`),
    err: (line) => void process.stderr.write(`${line}\n`),
    onInterrupt(hear) {
      heard.push(hear);
      if (heard.length > 1) return;
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupt);
      // The door, `bin/remora.js`, has died: nobody is left who could end us.
      process.on('disconnect', interrupt);
      process.channel?.unref();
    },
  };
}

// A reader that went away (`remora routes | head`) is no mistake.
process.stdout.on('error', () => process.exit(EXIT_OK));

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`remora failed, which is a mistake of its own: ${trace(error)}\n`);
    process.exit(EXIT_INTERNAL);
  },
);

function trace(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
