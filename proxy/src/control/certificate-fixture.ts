/**
 * An authority and the certificates that it signs, in memory: good ones, and each kind of bad.
 *
 * Node reads certificates and makes none; the few DER structures of RFC 5280 §4.1 that a P-256
 * certificate needs are written here. Files kept beside the tests would be out of date one day, and
 * `openssl` is not on every machine.
 *
 * Tests only.
 */
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

const DAY_MS = 86_400_000;
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const UTF8_STRING = 0x0c;
const SEQUENCE = 0x30;
const SET = 0x31;
const UTC_TIME = 0x17;
const VERSION = 0xa0;
const EXTENSIONS = 0xa3;
const DNS_NAME = 0x82;
const IP_ADDRESS = 0x87;
const TRUE = Buffer.from('0101ff', 'hex');
const ECDSA_WITH_SHA256 = der(SEQUENCE, Buffer.from('06082a8648ce3d040302', 'hex'));
const COMMON_NAME = Buffer.from('0603550403', 'hex');
const SUBJECT_ALT_NAME = Buffer.from('0603551d11', 'hex');
const BASIC_CONSTRAINTS = Buffer.from('0603551d13', 'hex');

export interface Issued {
  /** PEM. */
  readonly cert: string;
  readonly key: string;
}

interface Wish {
  /** Names and IPv4 addresses; none: the certificate has a common name alone. */
  readonly names: readonly string[];
  readonly notAfter?: Date;
}

export class Authority {
  readonly #keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  readonly #name = nameOf('an authority');
  /** Its own certificate, as PEM. */
  readonly cert = this.#sign(this.#name, this.#keys.publicKey, [
    extension(BASIC_CONSTRAINTS, der(SEQUENCE, TRUE), true),
  ]);

  issue({ names, notAfter }: Wish): Issued {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const alternatives = extension(SUBJECT_ALT_NAME, der(SEQUENCE, ...names.map(alternative)));
    const extensions = names.length === 0 ? [] : [alternatives];
    const cert = this.#sign(nameOf('127.0.0.1'), publicKey, extensions, notAfter);
    return { cert, key: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString() };
  }

  #sign(
    subject: Buffer,
    publicKey: KeyObject,
    extensions: readonly Buffer[],
    notAfter = new Date(Date.now() + DAY_MS),
  ): string {
    const serial = Buffer.concat([Buffer.of(1), randomBytes(8)]);
    const notBefore = new Date(notAfter.getTime() - 2 * DAY_MS);
    const content = der(
      SEQUENCE,
      der(VERSION, der(INTEGER, Buffer.of(2))),
      der(INTEGER, serial),
      ECDSA_WITH_SHA256,
      this.#name,
      der(SEQUENCE, timeOf(notBefore), timeOf(notAfter)),
      subject,
      publicKey.export({ format: 'der', type: 'spki' }),
      ...(extensions.length === 0 ? [] : [der(EXTENSIONS, der(SEQUENCE, ...extensions))]),
    );
    const signature = sign('sha256', content, this.#keys.privateKey);
    const bits = der(BIT_STRING, Buffer.of(0), signature);
    const base64 = der(SEQUENCE, content, ECDSA_WITH_SHA256, bits).toString('base64');
    const lines = base64.replace(/.{64}/g, '$&\n');
    return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
  }
}

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size = length < 0x80 ? [length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...size), content]);
}

function nameOf(text: string): Buffer {
  const attribute = der(SEQUENCE, COMMON_NAME, der(UTF8_STRING, Buffer.from(text)));
  return der(SEQUENCE, der(SET, attribute));
}

function alternative(name: string): Buffer {
  const isAddress = /^[0-9.]+$/.test(name);
  if (!isAddress) return der(DNS_NAME, Buffer.from(name));
  return der(IP_ADDRESS, Buffer.from(name.split('.').map(Number)));
}

function extension(id: Buffer, value: Buffer, isCritical = false): Buffer {
  return der(SEQUENCE, id, ...(isCritical ? [TRUE] : []), der(OCTET_STRING, value));
}

/** `YYMMDDHHMMSSZ`: good until 2049. */
function timeOf(date: Date): Buffer {
  const text = date.toISOString().replace(/[-:T]|\.\d+/g, '');
  return der(UTC_TIME, Buffer.from(text.slice(2)));
}
