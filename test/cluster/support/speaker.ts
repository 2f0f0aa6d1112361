/**
 * An application that speaks a protocol on each of its ports, for the suite of interception.
 *
 * Sent as text to run in a pod: it names nothing outside of itself. TLS is with a shared key, which
 * needs no certificate and begins with the same hello.
 *
 * Used by `interception.cluster.ts`.
 */
import type { ServerHttp2Stream } from 'node:http2';

export const speakerPorts = {
  web: 8_080,
  admin: 8_081,
  /** Speaks first, as SMTP and MySQL do. */
  banner: 2_525,
  tls: 8_443,
  h2: 8_082,
  udp: 9_090,
} as const;

export const SHARED_KEY = 'a key that both know';

/** Says its NAME in every protocol. */
export async function speak(ports: typeof speakerPorts, sharedKey: string): Promise<void> {
  const http = await import('node:http');
  const http2 = await import('node:http2');
  const net = await import('node:net');
  const tls = await import('node:tls');
  const dgram = await import('node:dgram');
  const name = process.env['NAME'] ?? '';
  const quiet = () => undefined;

  const web = http.createServer((request, response) => {
    response.end(JSON.stringify({ name, port: 'web', host: request.headers.host }));
  });
  web.listen(ports.web, '::');
  const admin = http.createServer((_, response) => {
    response.end(JSON.stringify({ name, port: 'admin' }));
  });
  admin.listen(ports.admin, '::');
  const banner = net.createServer((socket) => {
    socket.on('error', quiet).write(`220 ${name} at your service\r\n`);
    socket.once('data', (line) => socket.end(`250 ${line}`));
  });
  banner.listen(ports.banner, '::');
  const secure = tls.createServer(
    { pskCallback: () => Buffer.from(sharedKey), ciphers: 'PSK', maxVersion: 'TLSv1.2' },
    (socket) => socket.on('error', quiet).end(`secretly ${name}`),
  );
  secure.on('tlsClientError', quiet).listen(ports.tls, '::');
  const h2 = http2.createServer((request, response) => {
    response.end(`${name} over ${request.httpVersion}`);
  });
  h2.listen(ports.h2, '::');
  const udp = dgram.createSocket('udp6');
  udp.on('message', (_, { port, address }) => udp.send(name, port, address));
  udp.bind(ports.udp, '::');
}

/** Answers gRPC health checks on one port and HTTP on the other; who is `sick` is not well. */
export async function answerProbes(grpcPort: number, httpPort: number): Promise<void> {
  const http = await import('node:http');
  const http2 = await import('node:http2');
  const health = http2.createServer();
  health.on('stream', (stream: ServerHttp2Stream) => {
    let asked = '';
    stream.on('data', (piece: Buffer) => (asked += piece.toString('latin1')));
    stream.on('end', () => {
      const status = asked.includes('sick') ? 2 : 1; // NOT_SERVING, SERVING.
      const headers = { ':status': 200, 'content-type': 'application/grpc' };
      stream.respond(headers, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.end(Buffer.from([0, 0, 0, 0, 2, 8, status]));
    });
  });
  health.listen(grpcPort, '::');
  const web = http.createServer(({ url }, response) => {
    response.writeHead(url === '/sick' ? 503 : 200).end();
  });
  web.listen(httpPort, '::');
}
