/** Claims about how an answer is shown. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judge } from '../bars.ts';
import type { Answer, Question } from '../questions/question.ts';
import { spreadOf } from '../statistics.ts';
import { renderMarkdown } from './markdown.ts';
import { renderSvg } from './svg.ts';

const answer: Answer = {
  columns: [{ key: 'cpuUs', title: 'CPU µs <x>', plotted: true }],
  rows: [
    { peer: 'Remora', config: 'full', cells: { cpuUs: spreadOf([40, 42, 41]) } },
    { peer: 'Envoy', config: 'full', cells: { cpuUs: null } },
  ],
  figures: { cpuRatioEnvoy: null },
  notes: ['a note'],
  profile: ['100%  scan'],
};
const question: Question = { name: 'hop', asks: 'Why?', run: () => Promise.resolve(answer) };
const around = { machine: 'm', versions: 'v', scale: 's', startedAt: 'now' };

test('a cell is the median with its spread, and a dash where nothing was measured', () => {
  const text = renderMarkdown(question, answer, [], around);
  assert.match(text, /\| Remora \| full \| 41 \(40–42\) \|/);
  assert.match(text, /\| Envoy \| full \| – \|/);
});

test('a bar whose figure is missing is shown as a failure, never left out', () => {
  const text = renderMarkdown(question, answer, judge(answer.figures), around);
  assert.match(text, /not measured \| ≤ 0.38 × \(aim 0.3 ×\) \| \*\*fail\*\*/);
});

test('the profile is part of the report', () => {
  assert.match(renderMarkdown(question, answer, [], around), /100% {2}scan/);
});

test('the plot has a bar for each measured row, and escapes its texts', () => {
  const svg = renderSvg(question, answer);
  assert.equal(svg.match(/<rect/g)?.length, 1);
  assert.match(svg, /CPU µs &lt;x>/);
  assert.match(svg, /class="bar own"/);
});
