/**
 * GET /explain?id=…: what this proxy knows of one request, by its request id or trace id, for who
 * is on the machine. `remora explain` asks every proxy and tells it as a story.
 */
import { recordsAnswer } from '../control/records-answer.ts';
import { type Page, queryOf } from './page.ts';

export const explainPage: Page = {
  method: 'GET',
  path: '/explain',
  answer({ records }, answer, head) {
    const id = new URLSearchParams(queryOf(head)).get('id') ?? '';
    if (id === '') return answer.text(400, 'which request? /explain?id=REQUEST_ID\n');
    answer.begin(200, 'application/json');
    answer.write(`${recordsAnswer(records.find(id).toReversed(), 0)}\n`);
    answer.end();
  },
};
