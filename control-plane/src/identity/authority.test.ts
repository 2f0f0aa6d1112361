/**
 * What is signed here is judged by others: the `openssl` command where there is one, and Node's
 * own TLS, which is OpenSSL as well but checks names the way a client does.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { type Authority, createAuthority, issueServing, type ServingPair } from './authority.ts';

const HOUR_MS = 3_600_000;
const YEAR_MS = 365 * 24 * HOUR_MS;
const NAMES = ['remora-control.remora-system.svc', 'localhost', '127.0.0.1', 'fd00::1'];
const hasOpenssl = spawnSync('openssl', ['version']).status === 0;
const nowMs = Date.now();

let authority: Authority;
let pair: ServingPair;

before(async () => {
  authority = await createAuthority(nowMs);
  pair = await issueServing(authority, NAMES, nowMs);
});

describe('an authority', () => {
  test('is a P-256 certificate for signing alone that lives ten years', () => {
    const certificate = new X509Certificate(authority.certificatePem);
    assert.equal(certificate.ca, true);
    assert.equal(certificate.publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1');
    const lifeMs = certificate.validToDate.getTime() - nowMs;
    assert.ok(Math.abs(lifeMs - 10 * YEAR_MS) < 24 * HOUR_MS, `${lifeMs}`);
  });

  test('is another each time: two leaders in a race make two, and one must win', async () => {
    const other = await createAuthority(nowMs);
    assert.notEqual(other.certificatePem, authority.certificatePem);
    const leaf = new X509Certificate(pair.certificatePem);
    assert.equal(leaf.verify(new X509Certificate(other.certificatePem).publicKey), false);
  });
});

describe('a serving certificate', () => {
  test('is valid from a little before now, for differing clocks, to a day after', () => {
    const leaf = new X509Certificate(pair.certificatePem);
    assert.ok(leaf.validFromDate.getTime() <= nowMs - 4 * 60_000);
    assert.ok(leaf.validFromDate.getTime() >= nowMs - 6 * 60_000);
    assert.ok(Math.abs(leaf.validToDate.getTime() - (nowMs + 24 * HOUR_MS)) < 2_000);
    assert.equal(pair.expiresAtMs, nowMs + 24 * HOUR_MS);
  });

  test('holds for its names and addresses and for no other', () => {
    const leaf = new X509Certificate(pair.certificatePem);
    assert.equal(leaf.checkHost('remora-control.remora-system.svc'), NAMES[0]);
    assert.equal(leaf.checkHost('remora-control.other.svc'), undefined);
    assert.equal(leaf.checkIP('127.0.0.1'), '127.0.0.1');
    assert.equal(leaf.checkIP('127.0.0.2'), undefined);
    assert.equal(leaf.ca, false);
  });

  test('is signed by the authority, as openssl verifies it', { skip: !hasOpenssl }, () => {
    assert.deepEqual(verified(authority.certificatePem, pair.certificatePem), [0, 'leaf: OK']);
  });

  test('is refused by openssl with another authority', { skip: !hasOpenssl }, async () => {
    const other = await createAuthority(nowMs);
    const [status, said] = verified(other.certificatePem, pair.certificatePem);
    assert.notEqual(status, 0, said);
  });

  test('cannot sign: openssl refuses what a leaf issued', { skip: !hasOpenssl }, async () => {
    const asAuthority = { certificatePem: pair.certificatePem, keyPem: pair.keyPem };
    const forged = await issueServing(asAuthority, ['localhost'], nowMs);
    const chain = authority.certificatePem + pair.certificatePem;
    assert.notEqual(verified(chain, forged.certificatePem)[0], 0);
  });

  test('opens a connection for who trusts the authority and asks for its name', async () => {
    assert.deepEqual(await shakenHands(authority.certificatePem, 'localhost'), 'trusted');
    assert.match(await shakenHands(authority.certificatePem, 'example.org'), /ALTNAME/);
    const other = await createAuthority(nowMs);
    assert.match(await shakenHands(other.certificatePem, 'localhost'), /UNABLE|SIGNATURE/);
  });

  test('is not made with a key that is none', async () => {
    await assert.rejects(issueServing({ ...authority, keyPem: 'x' }, NAMES, nowMs));
  });
});

/** With the purpose of a server and the strictest reading of the standard. */
function verified(authorityPem: string, leafPem: string): [number | null, string] {
  const folder = mkdtempSync(join(tmpdir(), 'remora-authority-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'ca'), authorityPem);
  writeFileSync(join(folder, 'leaf'), leafPem);
  const flags = ['-x509_strict', '-purpose', 'sslserver', '-CAfile', 'ca', 'leaf'];
  const ran = spawnSync('openssl', ['verify', ...flags], { cwd: folder, encoding: 'utf8' });
  return [ran.status, `${ran.stdout}${ran.stderr}`.trim()];
}

async function shakenHands(ca: string, servername: string): Promise<string> {
  const server = createServer({ cert: pair.certificatePem, key: pair.keyPem }, (socket) => {
    socket.on('error', () => socket.destroy());
    socket.end();
  });
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const socket: TLSSocket = connect({ port, host: '127.0.0.1', servername, ca });
  try {
    await once(socket, 'secureConnect');
    return 'trusted';
  } catch (error) {
    return String((error as { code?: unknown }).code ?? error);
  } finally {
    socket.destroy();
    server.close();
  }
}
