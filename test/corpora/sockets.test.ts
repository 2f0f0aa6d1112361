/**
 * Every case against a real proxy process in front of a recording upstream: what the upstream
 * received must pass the judge, as exactly the requests that the client got answers for.
 *
 * A few proxies side by side, each with its own upstream, which a case has to itself.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { framingCases } from './essential-framing.ts';
import { headCases } from './essential-heads.ts';
import { relayRequests } from './pipeline.ts';
import { ProxyProcess } from './proxy-process.ts';
import { RecordingUpstream } from './recording-upstream.ts';
import { corporaMissing, corpusCases, hasHost } from './shared-corpora.ts';
import { type Message, readResponses } from './strict-grammar.ts';
import { requestWaivers, unfinished } from './waivers.ts';

const LANES = 4;

interface Lane {
  readonly upstream: RecordingUpstream;
  readonly proxy: ProxyProcess;
}

interface Case {
  readonly id: string;
  readonly bytes: Buffer;
  /** Whole requests that may reach the upstream at most, and must at least. */
  readonly most: number;
  readonly least: number;
}

const OWN_CASES: readonly Case[] = [...framingCases, ...headCases].map((each) => ({
  id: each.name,
  bytes: Buffer.from(each.raw, 'latin1'),
  most: each.whole,
  least: each.whole,
}));

function corpora(): Case[] {
  const waived = new Set([...requestWaivers, ...unfinished].map(({ id }) => id));
  return corpusCases(['request', 'conn'])
    .filter(({ bytes }) => bytes.length > 0)
    .map((each) => {
      const accepts =
        each.verdict === 'accept' &&
        hasHost(each) &&
        !each.tags.includes('pause') &&
        !waived.has(each.id);
      return {
        id: each.id,
        bytes: each.bytes,
        most: each.verdict === 'reject' ? each.messagesBefore : Number.POSITIVE_INFINITY,
        least: accepts ? 1 : 0,
      };
    });
}

function upNumber(message: Message): number | null {
  const field = message.fields.find(([name]) => name === 'x-up');
  return field === undefined ? null : Number(field[1]);
}

/** What is wrong with how the proxy handled the case; empty: nothing. */
async function faultsOf(lane: Lane, { id, bytes, most, least }: Case): Promise<string[]> {
  const { upstream, proxy } = lane;
  upstream.mark();
  const predicted = relayRequests(bytes);
  const expected = predicted.whole + (predicted.refused === 0 ? 0 : 1);
  const { answer } = await proxy.exchange(bytes, expected);
  const faults = upstream.faults().map((fault) => `upstream: ${fault}`);
  const { received } = upstream;
  // The proxy's own answer may come behind those of the upstream.
  const asked = [...received.map(({ message }) => message.method), 'GET'];
  const reading = readResponses(answer, asked, true);
  if (reading.fault !== null) faults.push(`downstream: ${reading.fault}`);
  const answered = reading.messages.map(upNumber).filter((number) => number !== null);
  const sent = received.map(({ number }) => number);
  if (answered.join() !== sent.join()) faults.push(`upstream ${sent}, answered ${answered}`);
  if (received.length > most) faults.push('forwarded what must be refused');
  if (received.length < least) faults.push('refused what must be forwarded');
  if (!proxy.isRunning()) faults.push(`the proxy died: ${proxy.stderr}`);
  return faults.map((fault) => `${id}: ${fault}`);
}

async function driveAll(lanes: readonly Lane[], cases: readonly Case[]): Promise<string[]> {
  const faults: string[] = [];
  let next = 0;
  await Promise.all(
    lanes.map(async (lane) => {
      while (next < cases.length && lane.proxy.isRunning()) {
        faults.push(...(await faultsOf(lane, cases[next++]!)));
      }
    }),
  );
  if (next < cases.length) faults.push(`${cases.length - next} cases were not driven`);
  return faults;
}

describe('a real proxy in front of a recording upstream', () => {
  const lanes: Lane[] = [];
  before(async () => {
    for (let i = 0; i < LANES; i++) {
      const upstream = new RecordingUpstream();
      const port = await upstream.listen();
      lanes.push({ upstream, proxy: await ProxyProcess.start(port) });
    }
  });
  after(async () => {
    for (const { upstream, proxy } of lanes) {
      await proxy.stop();
      upstream.close();
    }
  });

  test('own cases: the upstream hears exactly what was answered', async () => {
    assert.deepEqual(await driveAll(lanes, OWN_CASES), []);
  });

  test('corpora: the upstream hears exactly what was answered', {
    skip: corporaMissing ?? false,
    timeout: 90_000,
  }, async () => {
    const cases = corpora();
    assert.ok(cases.length > 2_000);
    assert.deepEqual(await driveAll(lanes, cases), []);
  });
});
