/**
 * `remora explain REQUEST_ID`: why a request went the way it went, from every proxy that saw it.
 *
 * Exit codes: 0 with a story, 1 where no proxy knows the request.
 */
import type { RecordsPage } from '../publish/query-pages.ts';
import { askPage, CONTROL_OPTION, tellRefusal } from './control-client.ts';
import { EXIT_FOUND, EXIT_OK } from './exit-codes.ts';
import { type Painter, painterOf } from './painter.ts';
import { storyOf } from './story.ts';
import { JSON_OPTION, type Verb } from './verb.ts';

export const explain: Verb = {
  usage: 'explain <request-id>',
  summary: 'Tell why a request went the way it went: by its x-request-id, or its trace id.',
  group: 'Look:',
  options: [JSON_OPTION, CONTROL_OPTION],

  async run([id = ''], options, io) {
    const path = `/v1/explain?id=${encodeURIComponent(id)}`;
    const page = await askPage<RecordsPage>(options, io, path);
    if (page.refusal !== null) return tellRefusal(page.refusal, io);
    const { records, leftOut, silent } = page.body;
    const painter = painterOf(io);
    if (options['json'] === true) io.out(JSON.stringify(page.body, null, 2));
    else for (const line of storyOf(records, painter.columns)) painter.line(line);
    for (const { proxy, why } of silent) painter.warn(`Proxy ${proxy} did not answer: ${why}.`);
    if (leftOut > 0) painter.warn(`At least ${leftOut} older records did not fit.`);
    if (records.length > 0) return EXIT_OK;
    tellNothing(id, page.body, painter);
    return EXIT_FOUND;
  },
};

function tellNothing(id: string, { asked }: RecordsPage, painter: Painter): void {
  painter.warn(`None of ${asked} proxies has a record of request ${id}.`);
  const reasons = [
    'it went well, and its trace was not sampled: such requests leave no record;',
    'it is too long ago: a proxy keeps the last 512 records, and none over a restart;',
    'its proxies are of another control plane: name it with --control URL;',
    'the id is not whole: it is the x-request-id of the answer, or the trace id.',
  ];
  painter.warn('That may be because');
  for (const reason of reasons) painter.warn(`  - ${reason}`);
  painter.warn('To catch the next one: `remora tap`, or `remora tap --failed`.');
}
