import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { remoraImage } from './remora-root.ts';

const dockerfile = readFileSync(join(import.meta.dirname, 'Dockerfile'), 'utf8');
const last = dockerfile.slice(dockerfile.lastIndexOf('\nFROM '));

/** What an instruction of the last stage says. */
function said(instruction: string): string {
  const line = new RegExp(`^${instruction} (.+)$`, 'm').exec(last);
  return line?.[1] ?? assert.fail(`no ${instruction}`);
}

test('the Dockerfile starts the image as the one without an engine is started', () => {
  const env = Object.entries(remoraImage.env).map(([name, value]) => `${name}="${value}"`);
  assert.equal(said('ENV'), env.join(' '));
  assert.deepEqual(JSON.parse(said('ENTRYPOINT')), remoraImage.entrypoint);
  assert.equal(said('USER'), remoraImage.user);
  assert.equal(said('WORKDIR'), remoraImage.workingFolder);
});

test('the Dockerfile has no file but those that the same code put together', () => {
  assert.match(dockerfile, /npm run image -- --root \/image\n/);
  assert.deepEqual(last.match(/^(COPY|ADD|RUN) .*/gm), ['COPY --from=build /image /']);
  assert.match(last, /^\nFROM scratch\n/);
});
