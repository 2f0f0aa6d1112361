/**
 * A config server with its pages on a free loopback port.
 *
 * Only for tests.
 */
import { createServer } from 'node:http';
import { silentLog } from '../log.ts';
import { ConfigServer, type ConfigServerOptions } from './config-server.ts';
import { ControlPages } from './control-pages.ts';
import { closeListener, openListener } from './http-listener.ts';
import { type Compiler, Publisher } from './publisher.ts';
import { RealisedSplits } from './realised-splits.ts';

export async function serving(
  compiler: Compiler,
  authenticate: ConfigServerOptions['authenticate'] = null,
) {
  const publisher = new Publisher(compiler, () => {});
  const log = silentLog;
  const splits = new RealisedSplits();
  const server = new ConfigServer({ publisher, splits, controlPlane: 'test', authenticate, log });
  const pages = new ControlPages({
    status: () => ({ fine: true }),
    ready: () => true,
    asked: server.asked,
  });
  const http = createServer((request, response) => pages.answer(request, response));
  server.attach(http);
  const url = `http://${await openListener(http, { host: '127.0.0.1', port: 0 })}`;
  const close = async (): Promise<void> => {
    server.close();
    await closeListener(http);
  };
  return { server, publisher, url, close };
}
