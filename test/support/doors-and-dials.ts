/**
 * A program for a network namespace, run as some user: doors that say their word to whoever
 * connects, or dials that tell which word they heard. So a test sees who took a connection.
 *
 * `UID open "word host port" …`, and it prints `open`; or `UID dial`, and for each line `host port`
 * on its standard input it prints the word or the code of the error. Started by
 * `two-namespaces.ts`.
 */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { createInterface } from 'node:readline';

const DIAL_MS_MAX = 3_000;
const [uid = '0', mode, ...doors] = process.argv.slice(2);

if (mode === 'open') {
  await Promise.all(doors.map(open));
  become(Number(uid));
  console.log('open');
} else {
  become(Number(uid));
  for await (const line of createInterface({ input: process.stdin })) {
    const [host = '', port] = line.split(' ');
    console.log(await dial(host, Number(port)));
  }
}

function become(user: number): void {
  process.setgid?.(user);
  process.setuid?.(user);
}

async function open(door: string): Promise<void> {
  const [word = '', host, port] = door.split(' ');
  const server = createServer((socket) => {
    socket.on('error', () => {}); // Whoever knocked has gone.
    socket.end(word);
  });
  server.listen({ host, port: Number(port) });
  await once(server, 'listening');
}

function dial(host: string, port: number): Promise<string> {
  return new Promise((resolve) => {
    let heard = '';
    const socket = connect({ host, port, autoSelectFamily: false });
    socket.setTimeout(DIAL_MS_MAX, () => resolve('silence'));
    socket.on('data', (bytes) => {
      heard += String(bytes);
    });
    socket.on('error', (error) => resolve('code' in error ? String(error.code) : error.message));
    socket.on('close', () => resolve(heard));
  });
}
