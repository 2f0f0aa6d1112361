/**
 * Where an intercepted connection was going: `SO_ORIGINAL_DST` of an accepted socket, which the
 * kernel keeps for what REDIRECT turned aside.
 *
 * By `node:ffi`, which is built in. `koffi` as a second way was refused: the proxy runs on one
 * Node, which has it, and a package would stand in the path of every address that is trusted.
 * Where it is missing the proxy does not start with --intercept, and says so.
 *
 * Not pure: one system call a connection. Loaded by `proxy.ts` where connections are intercepted.
 * Asked by `intercepted.ts`.
 */
import { type Socket, SocketAddress } from 'node:net';
import { type Address, isMapped, plainAddress } from './address.ts';

/** What a socket says of itself. */
export interface AcceptedSocket {
  readonly local: Address;
  /** Null: it came here on purpose, and was going nowhere else. */
  readonly original: Address | null;
  readonly remote: Address;
}

export type AskSocket = (socket: Socket) => AcceptedSocket | null;

const SOL_IP = 0;
const SOL_IPV6 = 41;
/** The same number at both levels. */
const SO_ORIGINAL_DST = 80;
/** Of sockaddr_in6; sockaddr_in has 16. */
const SOCKADDR_BYTES = 28;

/** Throws where this Node has no `node:ffi`. */
export async function loadOriginalDestination(): Promise<AskSocket> {
  const { dlopen } = await import('node:ffi');
  const { functions } = dlopen(null, {
    getsockopt: { arguments: ['i32', 'i32', 'i32', 'pointer', 'pointer'], return: 'i32' },
  });
  const address = Buffer.alloc(SOCKADDR_BYTES);
  const length = Buffer.alloc(4);
  return (socket) => {
    const fd = (socket as unknown as { _handle: { fd: number } | null })._handle?.fd;
    const { localAddress, localPort, remoteAddress, remotePort } = socket;
    // It has gone already.
    if (fd === undefined || localAddress === undefined || remoteAddress === undefined) return null;
    const isIpv6 = localAddress.includes(':') && !isMapped(localAddress);
    length.writeInt32LE(SOCKADDR_BYTES);
    const level = isIpv6 ? SOL_IPV6 : SOL_IP;
    const failed = functions.getsockopt(fd, level, SO_ORIGINAL_DST, address, length) !== 0;
    const local = { address: plainAddress(localAddress), port: localPort ?? 0 };
    const original = failed ? null : readSockaddr(address, isIpv6);
    const isHere = original?.address === local.address && original.port === local.port;
    const remote = { address: plainAddress(remoteAddress), port: remotePort ?? 0 };
    return { local, original: isHere ? null : original, remote };
  };
}

/** Family, port, then the address; behind the flow label in sockaddr_in6. */
export function readSockaddr(bytes: Buffer, isIpv6: boolean): Address {
  const port = bytes.readUInt16BE(2);
  if (!isIpv6) return { address: bytes.subarray(4, 8).join('.'), port };
  const groups: string[] = [];
  for (let at = 8; at < 24; at += 2) groups.push(bytes.readUInt16BE(at).toString(16));
  const { address } = new SocketAddress({ address: groups.join(':'), family: 'ipv6' });
  return { address: plainAddress(address), port };
}
