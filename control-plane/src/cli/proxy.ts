/**
 * `remora proxy --config FILE_OR_FOLDER`: one proxy before any server, without a mesh.
 *
 * The same YAML kinds, read and compiled by the same code as in the control plane, into a snapshot
 * file that the proxy watches: no port is open but its own. Endpoints are an EndpointSlice's
 * addresses. With `--service` every request goes to that Service, whatever its Host; without it a
 * request names its Service as in a mesh.
 */
import { existsSync } from 'node:fs';
import { findProxyProgram } from '../dev/proxy-program.ts';
import { EXIT_OK, EXIT_UNAVAILABLE, EXIT_USAGE, type ExitCode } from './exit-codes.ts';
import { FrontProxy, type FrontProxyOptions } from './front-proxy.ts';
import type { Io, Options, Verb } from './verb.ts';

const LISTEN = '127.0.0.1:8080';

export const proxy: Verb = {
  usage: 'proxy',
  summary: 'Run one proxy before any server, from a file or folder of the same YAML.',
  group: 'Run:',
  options: [
    ['--config <path>', 'a YAML file, or a folder of them; watched'],
    ['--listen <address>', 'where clients connect, HOST:PORT or :PORT', LISTEN],
    ['--service <name>', 'the Service that every request is for (default: as its Host says)'],
    ['--namespace <name>', 'the namespace that short names are of', 'default'],
    ['--metrics <address>', 'serve /live, /ready and /metrics here'],
    ['--admin <address>', 'serve /config and /stats here; loopback only'],
  ],

  async run(_args, options, io) {
    const config = textOf(options['config']);
    if (config === undefined || !existsSync(config)) {
      io.err(
        config === undefined ? '--config FILE_OR_FOLDER is missing.' : `There is no ${config}.`,
      );
      return EXIT_USAGE;
    }
    const program = findProxyProgram();
    if (program === null) {
      io.err(
        'The proxy program is missing: run `npm run build` in the checkout, or install again.',
      );
      return EXIT_UNAVAILABLE;
    }
    return runUntilEnd(
      {
        config,
        program,
        listen: fullAddress(textOf(options['listen']) ?? LISTEN),
        namespace: textOf(options['namespace']) ?? 'default',
        service: textOf(options['service']),
        metrics: textOf(options['metrics']),
        admin: textOf(options['admin']),
      },
      io,
    );
  },
};

async function runUntilEnd(options: FrontProxyOptions, io: Io): Promise<ExitCode> {
  const front = new FrontProxy(options, io);
  let isInterrupted = false;
  io.onInterrupt((isRepeated) => {
    isInterrupted = true;
    if (isRepeated) front.kill();
    else void front.stop();
  });
  try {
    const why = await front.run();
    await front.close();
    if (isInterrupted) return EXIT_OK;
    io.err(`The proxy ended: ${why}.`);
  } catch (error) {
    await front.close();
    io.err(`The proxy cannot start: ${error instanceof Error ? error.message : String(error)}`);
  }
  return EXIT_UNAVAILABLE;
}

function textOf(option: Options[string]): string | undefined {
  return typeof option === 'string' ? option : undefined;
}

/** `:8080` is every address of this machine. */
function fullAddress(address: string): string {
  return address.startsWith(':') ? `0.0.0.0${address}` : address;
}
