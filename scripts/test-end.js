/**
 * Loaded into each test file by the runners: a file whose tests have ended and that still holds
 * something open fails, by name, with what it holds.
 *
 * Node's own `--test-force-exit` ends such files too, and loses reports of tests that passed
 * (nodejs/node#64833). Without either, such a file would hold the run up for good.
 */
import { after } from 'node:test';

/** For what ends by itself: connections that linger, children that say goodbye. */
const END_WITHIN_MS = 30_000;

const file = process.argv[1] ?? '';

// Children of a test inherit the runners' options: they are nobody's test file.
if (file.endsWith('.test.ts')) {
  after(() => {
    const late = setTimeout(() => {
      const open = process.getActiveResourcesInfo().join(', ');
      console.error(
        `${file}: its tests have ended, the file has not after ${END_WITHIN_MS / 1000} s. ` +
          `Close what it left open: ${open}.`,
      );
      process.exit(1);
    }, END_WITHIN_MS);
    late.unref();
  });
}
