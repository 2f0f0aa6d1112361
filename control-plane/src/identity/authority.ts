/**
 * The mesh's own certificate authority, and the serving certificates that it signs (decision 0011).
 *
 * Why our own and not cert-manager: an installation before ours would be one more thing to run and
 * to blame. Leaves are short-lived instead of revocable: whoever steals one has it for a day.
 * Clocks differ between nodes, so everything is valid from five minutes ago.
 *
 * Draws keys from the system's chance; the time is handed in. The X.509 package is loaded on first
 * use, since a local mesh has no certificates. Called by the leader (authority) and by
 * `serving-certificate.ts` (leaves).
 */
import { isIP } from 'node:net';

export interface Authority {
  readonly certificatePem: string;
  /** PKCS #8. */
  readonly keyPem: string;
}

export interface ServingPair {
  readonly certificatePem: string;
  readonly keyPem: string;
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
}

const HOUR_MS = 3_600_000;
export const SERVING_LIFE_MS = 24 * HOUR_MS;
const AUTHORITY_LIFE_MS = 10 * 365 * 24 * HOUR_MS;
const SKEW_MS = 5 * 60_000;
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const AUTHORITY_NAME = 'CN=Remora authority';
/** No host name: a common name ends at 64 characters, and clients read the SAN alone. */
const SERVING_NAME = 'CN=Remora control plane';

export async function createAuthority(nowMs: number): Promise<Authority> {
  const x509 = await library();
  const { subtle } = globalThis.crypto;
  const keys = await subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: AUTHORITY_NAME,
    keys,
    signingAlgorithm: ALGORITHM,
    notBefore: new Date(nowMs - SKEW_MS),
    notAfter: new Date(nowMs + AUTHORITY_LIFE_MS),
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign,
        true,
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificatePem: pemOf(certificate), keyPem: await keyPemOf(keys.privateKey) };
}

/** `names`: DNS names, and addresses where clients dial one. Rejects where `authority` is none. */
export async function issueServing(
  authority: Authority,
  names: readonly string[],
  nowMs: number,
): Promise<ServingPair> {
  const x509 = await library();
  const { subtle } = globalThis.crypto;
  const issuer = new x509.X509Certificate(authority.certificatePem);
  const pkcs8 = x509.PemConverter.decodeFirst(authority.keyPem);
  const signingKey = await subtle.importKey('pkcs8', pkcs8, ALGORITHM, false, ['sign']);
  const keys = await subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const expiresAtMs = nowMs + SERVING_LIFE_MS;
  const certificate = await x509.X509CertificateGenerator.create({
    subject: SERVING_NAME,
    issuer: issuer.subject,
    publicKey: keys.publicKey,
    signingKey,
    signingAlgorithm: ALGORITHM,
    notBefore: new Date(nowMs - SKEW_MS),
    notAfter: new Date(expiresAtMs),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(names.map(alternativeName)),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  });
  return {
    certificatePem: pemOf(certificate),
    keyPem: await keyPemOf(keys.privateKey),
    issuedAtMs: nowMs,
    expiresAtMs,
  };
}

async function library() {
  // Decorators of the package look for it when the package is loaded.
  await import('reflect-metadata');
  return import('@peculiar/x509');
}

function alternativeName(name: string): { type: 'dns' | 'ip'; value: string } {
  return { type: isIP(name) === 0 ? 'dns' : 'ip', value: name };
}

function pemOf(certificate: { toString(format: 'pem'): string }): string {
  return `${certificate.toString('pem')}\n`;
}

async function keyPemOf(key: CryptoKey): Promise<string> {
  const bytes = Buffer.from(await globalThis.crypto.subtle.exportKey('pkcs8', key));
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN PRIVATE KEY-----\n${lines.join('\n')}\n-----END PRIVATE KEY-----\n`;
}
