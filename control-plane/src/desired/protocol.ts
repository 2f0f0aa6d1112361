/**
 * What is spoken on a Service port: HTTP, which is read; something else, which is passed through;
 * or nobody says, and the first bytes of a connection decide.
 *
 * Never by the port's name: `http-something` was written for people. A route is as good as an
 * `appProtocol`: who matches paths says that there are some. Where the server speaks first nothing
 * may wait for the client's first bytes, so its well-known ports are not detected.
 *
 * Pure. Called by `proxy-config.ts`, `served-ports.ts`, `pod-config.ts` and `conditions.ts`.
 */
import type { ServicePort } from '@remora/api/config/objects.ts';
import type { PortProtocol } from '@remora/api/wire.ts';

const HTTP1 = new Set(['http', 'kubernetes.io/ws']);
/** Opaque until Remora speaks it. */
const HTTP2 = new Set(['http2', 'h2c', 'kubernetes.io/h2c', 'grpc']);

/** By who says that the server speaks first. The client does in PostgreSQL, Redis and all TLS. */
const SERVER_FIRST: ReadonlySet<number> = new Set([
  21, // FTP, RFC 959 §5.4: 220 before any command.
  22, // SSH, RFC 4253 §4.2: both send their version at once.
  25, // SMTP, RFC 5321 §3.1: the opening message.
  110, // POP3, RFC 1939 §3: the greeting.
  119, // NNTP, RFC 3977 §5.1: the initial greeting.
  143, // IMAP, RFC 9051 §2.1: the greeting.
  587, // Message submission, RFC 6409 §3.1: SMTP.
  3306, // MySQL: the initial handshake packet comes from the server.
  4222, // NATS: INFO comes from the server.
  5900, // RFB (VNC), RFC 6143 §7.1.1: the server's version.
]);

/** As its `appProtocol` says. */
export type Spoken = 'http' | 'http2' | 'other' | 'unsaid';

export function spokenOn({ appProtocol }: ServicePort): Spoken {
  if (appProtocol === undefined) return 'unsaid';
  const word = appProtocol.toLowerCase();
  if (HTTP1.has(word)) return 'http';
  return HTTP2.has(word) ? 'http2' : 'other';
}

/** Whether a route can act on it. */
export function isRoutable(port: ServicePort): boolean {
  return spokenOn(port) === 'http' || spokenOn(port) === 'unsaid';
}

export function protocolOf(port: ServicePort, isRouted: boolean): PortProtocol {
  const spoken = spokenOn(port);
  if (spoken !== 'unsaid') return spoken === 'http' ? 'http' : 'opaque';
  if (isRouted) return 'http';
  const { targetPort } = port;
  const isServerFirst = SERVER_FIRST.has(port.port) || SERVER_FIRST.has(Number(targetPort));
  return isServerFirst ? 'opaque' : 'detect';
}

/** Of one port of a pod that several Services lead to: who says nothing agrees with everybody. */
export function agreedProtocol(said: readonly PortProtocol[]): PortProtocol {
  const words = new Set(said.filter((each) => each !== 'detect'));
  const [word = 'detect'] = words;
  return words.size > 1 ? 'detect' : word;
}
