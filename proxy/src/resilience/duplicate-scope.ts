/**
 * When two requests are the same request sent twice: equal method, authority, path and query,
 * caller, credentials and `Idempotency-Key`.
 *
 * All of it goes into one digest, each part with its length before it, so that no part can pass for
 * another. A digest of 256 bits takes the place of the bytes: two scopes that meet would give one
 * user another's answer, so the room's own fast hash was refused. The hash function is handed in.
 *
 * Pure. Called by inbound for requests of rules with `duplicates`. Allocates, for keyed requests.
 */
import { FIELD, type Head, VALUE_END, VALUE_START } from '../http1/head.ts';
import { ascii } from '../http1/octets.ts';
import * as limits from '../limits.ts';
import type { ReplayBuffer } from './replay-buffer.ts';

/** SHA-256 of Node, or as strong. */
export interface Hash {
  update(part: Uint8Array): unknown;
  digest(encoding: 'base64'): string;
}
export type NewHash = () => Hash;

const KEY = ascii('idempotency-key');
const AUTHORIZATION = ascii('authorization');
/** Authority and Host mean the same with and without it. */
const DEFAULT_PORT = /:80$/;

/**
 * Null: not a request that is collapsed. It has no key, an empty one, two, or one that is too long;
 * or it asks for an upgrade, whose answer is no answer to keep.
 */
export function scopeOf(head: Head, caller: string, newHash: NewHash): string | null {
  if (head.upgradeWebsocket) return null;
  const key = head.find(KEY);
  if (key === -1 || hasAnother(head, key)) return null;
  const keyBytes = fieldValue(head, key);
  if (keyBytes.length === 0 || keyBytes.length > limits.idempotencyKeyBytesMax) return null;
  const hash = newHash();
  const { slab } = head;
  add(hash, slab.subarray(head.methodStart, head.methodEnd));
  const authority = head.text(head.authorityStart, head.authorityEnd).toLowerCase();
  add(hash, Buffer.from(authority.replace(DEFAULT_PORT, '')));
  add(hash, slab.subarray(head.pathStart, head.pathEnd));
  add(hash, Buffer.from(head.hasQuery ? '?' : ''));
  add(hash, slab.subarray(head.queryStart, head.queryEnd));
  add(hash, Buffer.from(caller));
  add(hash, keyBytes);
  for (let field = 0; field < head.fieldCount; field++) {
    if (head.nameIs(field, AUTHORIZATION)) addNamed(hash, 'authorization', fieldValue(head, field));
    if (head.ids[field] === FIELD.COOKIE) addNamed(hash, 'cookie', fieldValue(head, field));
  }
  return hash.digest('base64');
}

/** What tells one body from another. `start`: what of it lies elsewhere than in the buffer. */
export function digestOfBody(start: Uint8Array, rest: ReplayBuffer, newHash: NewHash): string {
  const hash = newHash();
  hash.update(start);
  for (let block = rest.first; block !== null; block = block.next) {
    hash.update(block.bytes.subarray(0, block.filled));
  }
  return hash.digest('base64');
}

/** Two keys can be read in two ways. */
function hasAnother(head: Head, key: number): boolean {
  for (let field = key + 1; field < head.fieldCount; field++) {
    if (head.nameIs(field, KEY)) return true;
  }
  return false;
}

function fieldValue(head: Head, field: number): Uint8Array {
  const at = field * 4;
  return head.slab.subarray(head.spans[at + VALUE_START]!, head.spans[at + VALUE_END]!);
}

function addNamed(hash: Hash, name: string, value: Uint8Array): void {
  add(hash, Buffer.from(name));
  add(hash, value);
}

function add(hash: Hash, part: Uint8Array): void {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(part.length);
  hash.update(length);
  hash.update(part);
}
