/**
 * Where applications and sidecars write: a folder of the user's own, the same one at each run.
 *
 * Under the temporary folder and not in the user's: a log that changes there would wake whoever
 * watches it. A name that somebody else has taken first is not trusted with a file of ours.
 *
 * Called by the verb `dev`.
 */
import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';

const PRIVATE = 0o700;

export function openLogFolder(folder: string, wanted: string | undefined): string {
  if (wanted !== undefined) {
    mkdirSync(wanted, { recursive: true });
    return resolve(wanted);
  }
  const path = resolve(folder);
  const hash = createHash('sha256').update(path).digest('hex').slice(0, 8);
  const user = process.getuid?.() ?? 0;
  const logs = join(tmpdir(), `remora-dev-${user}-${basename(path)}-${hash}`);
  mkdirSync(logs, { recursive: true, mode: PRIVATE });
  const { uid, mode } = lstatSync(logs);
  const isOurs = uid === user && (mode & 0o077) === 0 && lstatSync(logs).isDirectory();
  return isOurs ? logs : mkdtempSync(join(tmpdir(), 'remora-dev-'));
}
