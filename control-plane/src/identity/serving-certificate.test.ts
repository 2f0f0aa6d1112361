import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { silentLog } from '../log.ts';
import { type Authority, createAuthority } from './authority.ts';
import { ServingCertificate } from './serving-certificate.ts';

const HOUR_MS = 3_600_000;
let authority: Authority;

before(async () => {
  authority = await createAuthority(Date.now());
});

async function started() {
  const time = { nowMs: Date.now() };
  const failures: object[] = [];
  const log = { ...silentLog, error: (fields: object) => void failures.push(fields) };
  const key = { isGone: false };
  const signer = {
    certificatePem: authority.certificatePem,
    get keyPem(): string {
      return key.isGone ? 'x' : authority.keyPem;
    },
  };
  const options = { authority: signer, names: ['localhost'], log, nowMs: () => time.nowMs };
  const certificate = new ServingCertificate(options);
  await certificate.start();
  certificate.close();
  return { certificate, time, failures, key };
}

describe('the serving certificate', () => {
  test('is there once it started, and not before', async () => {
    const { certificate } = await started();
    assert.match(certificate.current().certificatePem, /BEGIN CERTIFICATE/);
    const options = { authority, names: ['x'], log: silentLog, nowMs: Date.now };
    assert.throws(() => new ServingCertificate(options).current());
  });

  test('stays until half its life, and is then replaced and told about', async () => {
    const { certificate, time } = await started();
    const told: string[] = [];
    certificate.onReplaced(({ certificatePem }) => told.push(certificatePem));
    const first = certificate.current();

    time.nowMs += 12 * HOUR_MS - 1;
    await certificate.replaceIfDue();
    assert.equal(certificate.current(), first);
    assert.deepEqual(told, []);

    time.nowMs += 1;
    await certificate.replaceIfDue();
    assert.notEqual(certificate.current().certificatePem, first.certificatePem);
    assert.equal(certificate.current().expiresAtMs, time.nowMs + 24 * HOUR_MS);
    assert.deepEqual(told, [certificate.current().certificatePem]);
  });

  test('stays where a new one cannot be signed, which is said each time it is tried', async () => {
    const { certificate, time, failures, key } = await started();
    const first = certificate.current();
    time.nowMs += 13 * HOUR_MS;
    key.isGone = true;
    await certificate.replaceIfDue();
    await certificate.replaceIfDue();
    assert.equal(certificate.current(), first);
    assert.equal(failures.length, 2);
    key.isGone = false;
    await certificate.replaceIfDue();
    assert.notEqual(certificate.current(), first);
  });

  test('is replaced where the clock was set back to before it was made', async () => {
    const { certificate, time } = await started();
    const first = certificate.current();
    time.nowMs -= 24 * HOUR_MS;
    await certificate.replaceIfDue();
    assert.notEqual(certificate.current(), first);
  });

  test('follows another authority at once, unless that one cannot sign', async () => {
    const { certificate } = await started();
    const first = certificate.current();
    await assert.rejects(certificate.useAuthority({ ...authority, keyPem: 'x' }));
    assert.equal(certificate.current(), first);
    await certificate.useAuthority(await createAuthority(Date.now()));
    assert.notEqual(certificate.current(), first);
  });
});
