/**
 * The connection to the control plane, in the clear or by TLS, and why there is none.
 *
 * Names resolve anew at each call, and every address is tried: a Service that moved is found. TLS
 * is 1.3 only, trusts the one authority that it was given and no public one, and compares the name
 * in the URL with the certificate's alternative names, never with its common name. Authority and
 * token are read anew too: projected files rotate. `node:tls` is loaded by the first https.
 *
 * Impure: sockets and files. Called by `control-stream.ts`.
 */
import { readFile } from 'node:fs/promises';
import { connect, isIP, type Socket } from 'node:net';
import type { ConnectionOptions, PeerCertificate } from 'node:tls';
import * as limits from '../limits.ts';

/** Where the control plane is, and how each side knows the other. */
export interface ControlTarget {
  /** `http://HOST:PORT` or `https://HOST:PORT`. */
  readonly url: string;
  /** With https: the authority's certificate as PEM, or a file of it; else null. */
  readonly authority: string | null;
  /** A file with what proves who this proxy is; null: nothing does. */
  readonly tokenFile: string | null;
}

export interface Dialled {
  readonly socket: Socket;
  /** Null: there is none to be shown. */
  readonly token: string | null;
}

const HTTP_PORT = 80;
const HTTPS_PORT = 443;
const PEM_BEGINS = '-----BEGIN';

const FOREIGN =
  'its certificate is not signed by the authority of --control-ca; a pod that is made anew gets ' +
  'the present one';
const EXPIRED =
  'its certificate is out of date; compare the clocks of both nodes, and see why the control ' +
  'plane does not renew it';
const PLAIN = 'it does not speak TLS; is --control meant to begin with http://?';
const OLD = 'it does not speak TLS 1.3';

/** What a refusal means, and what to do about it, by the code of Node's or OpenSSL's error. */
const REMEDIES: Readonly<Record<string, string>> = {
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: FOREIGN,
  UNABLE_TO_GET_ISSUER_CERT: FOREIGN,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: FOREIGN,
  DEPTH_ZERO_SELF_SIGNED_CERT: FOREIGN,
  SELF_SIGNED_CERT_IN_CHAIN: FOREIGN,
  CERT_SIGNATURE_FAILURE: FOREIGN,
  CERT_HAS_EXPIRED: EXPIRED,
  CERT_NOT_YET_VALID: EXPIRED,
  ERR_SSL_WRONG_VERSION_NUMBER: PLAIN,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: PLAIN,
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: OLD,
  ERR_SSL_UNSUPPORTED_PROTOCOL: OLD,
};

/** Connected and, by https, verified. Rejects with a sentence for the log; aborting ends either. */
export async function dialControl(target: ControlTarget, signal: AbortSignal): Promise<Dialled> {
  const url = new URL(target.url);
  const isSecure = url.protocol === 'https:';
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const port = url.port === '' ? (isSecure ? HTTPS_PORT : HTTP_PORT) : Number(url.port);
  const token = await readToken(target.tokenFile);
  if (!isSecure) {
    const socket = connect({ host, port, noDelay: true, signal });
    await opened(socket, 'connect');
    return { socket, token };
  }
  const authority = await readAuthority(target.authority);
  const tls = await import('node:tls');
  const options: ConnectionOptions = {
    ...{ host, port, ca: authority, minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3' },
    servername: isIP(host) === 0 ? host : '', // An address is no server name, RFC 6066 §3.
    checkServerIdentity: (_name, certificate) =>
      hasNames(certificate) ? tls.checkServerIdentity(host, certificate) : new Error('no names'),
  };
  // Unknown to the types of `ConnectionOptions`, known to the socket that it becomes.
  const socket = tls.connect({ ...options, signal } as ConnectionOptions);
  try {
    await opened(socket, 'secureConnect');
  } catch (error) {
    throw explained(error, host);
  }
  socket.setNoDelay(true);
  return { socket, token };
}

/** Node would fall back to the common name where there are no others. */
function hasNames(certificate: PeerCertificate): boolean {
  return certificate.subjectaltname !== undefined;
}

function opened(socket: Socket, event: 'connect' | 'secureConnect'): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once(event, () => {
      socket.off('error', reject);
      socket.off('close', onClose);
      resolve();
    });
    const onClose = (): void => reject(new Error('the connection closed'));
    socket.once('error', reject);
    socket.once('close', onClose);
  });
}

function explained(error: unknown, host: string): Error {
  const { code = '', message } = error as NodeJS.ErrnoException;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID' || message === 'no names') {
    return new Error(`its certificate is not for ${host}; name it in --control as that does`);
  }
  const remedy = REMEDIES[code];
  return remedy === undefined ? new Error(message) : new Error(`${remedy} (${code})`);
}

async function readAuthority(authority: string | null): Promise<string> {
  if (authority === null) throw new Error('https needs --control-ca');
  if (authority.startsWith(PEM_BEGINS)) return authority;
  const text = await readText('--control-ca', authority);
  if (text.includes(PEM_BEGINS)) return text;
  throw new Error(`--control-ca ${authority} holds no certificate as PEM`);
}

async function readToken(file: string | null): Promise<string | null> {
  if (file === null) return null;
  const token = (await readText('--control-token', file)).trim();
  if (token === '') throw new Error(`--control-token ${file} is empty`);
  return token;
}

async function readText(flag: string, file: string): Promise<string> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`${flag} cannot be read: ${why}`);
  }
  if (text.length <= limits.trustFileCharsMax) return text;
  throw new Error(`${flag} ${file} is over ${limits.trustFileCharsMax} characters`);
}
