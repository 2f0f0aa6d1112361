/**
 * An application in a pod, for tests of interception: on each port another protocol, on its own
 * address alone where that is asked for. A program, since it runs in another network.
 *
 * Arguments: `http:HOST:PORT`, `banner:HOST:PORT`, `echo:HOST:PORT`, any number of them.
 */
import { once } from 'node:events';
import { createServer as createHttp } from 'node:http';
import { createServer as createTcp, type Server } from 'node:net';
import { networkInterfaces } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { splitAddress } from './waiting.ts';

const POLL_MS = 20;

const KINDS: Readonly<Record<string, () => Server>> = {
  http: () =>
    createHttp((request, response) => {
      const { localAddress, localPort } = request.socket;
      response.end(`${localAddress} ${localPort} ${request.headers.host}`);
    }),
  banner: () => createTcp((socket) => socket.on('error', () => undefined).end('220 hello\r\n')),
  echo: () =>
    createTcp({ allowHalfOpen: true }, (socket) => {
      socket.on('error', () => undefined).pipe(socket);
    }),
};

// The wire is laid to this process: its addresses come a moment after it.
while (!hasAddress(process.env['WAIT_FOR'] ?? '')) await sleep(POLL_MS);

for (const argument of process.argv.slice(2)) {
  const colon = argument.indexOf(':');
  const { host, port } = splitAddress(argument.slice(colon + 1));
  const server = KINDS[argument.slice(0, colon)]!();
  server.listen(port, host);
  await once(server, 'listening');
}
console.log(JSON.stringify({ msg: 'ready' }));

function hasAddress(wanted: string): boolean {
  const all = Object.values(networkInterfaces()).flatMap((one) => one ?? []);
  return wanted === '' || all.some(({ address }) => address === wanted);
}
