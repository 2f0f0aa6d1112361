import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as limits from '../limits.ts';
import type { KubeClient } from './client.ts';
import { EventWriter } from './events.ts';

function writerOf(create: (event: { note: string }) => Promise<unknown>) {
  const problems: string[] = [];
  const writer = new EventWriter({
    client: { create: ((_: unknown, e: { note: string }) => create(e)) as KubeClient['create'] },
    controller: 'remora.dev/control-plane',
    instance: 'remora-control-0',
    onProblem: (why) => problems.push(why),
  });
  return { writer, problems };
}

function news(name: string, note = 'why') {
  const regarding = { apiVersion: 'v1', kind: 'Pod', metadata: { namespace: 'shop', name } };
  return { regarding, type: 'Warning', reason: 'NotInjected', action: 'Inject', note } as const;
}

describe('a writer of events', () => {
  test('drops what comes while as many as it may write are under way', () => {
    const { writer } = writerOf(() => new Promise(() => {}));
    const told = Array.from({ length: 100 }, (_, at) => writer.tell(news(`p-${at}`)));
    assert.equal(told.filter((one) => one).length, limits.eventsUnderWayMax);
  });

  test('never fails its teller, and goes on after a failure', async () => {
    const { writer, problems } = writerOf(() => Promise.reject(new Error('forbidden')));
    for (let at = 0; at < limits.eventsUnderWayMax; at++) writer.tell(news(`p-${at}`));
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(problems.length, limits.eventsUnderWayMax);
    assert.equal(writer.tell(news('another')), true);
  });

  test('keeps a note within what the API takes', async () => {
    const notes: string[] = [];
    const { writer } = writerOf(async ({ note }) => notes.push(note));
    writer.tell(news('p', 'x'.repeat(2_000)));
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(notes[0]?.length, limits.eventNoteMax);
  });
});
