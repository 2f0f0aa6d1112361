/**
 * What a proxy may say, checked: the one place where bytes from a proxy become a message.
 *
 * Unknown fields are ignored and an unknown type is no mistake (a newer proxy may have more to
 * say), but a known message with a wrong field ends the stream: guessing would hide the bug.
 *
 * Pure. Called by `proxy-stream.ts`.
 */
import { type ProxyMessage, wireLimits } from '@remora/api/wire.ts';
import { z } from 'zod';
import * as limits from '../limits.ts';

const name = z.string().min(1).max(limits.proxyNameMax);
const key = z
  .string()
  .min(1)
  .max(2 * limits.proxyNameMax);
const version = z.string().min(1).max(64);

const hello = z.object({
  type: z.literal('hello'),
  protocol: z.literal(1),
  proxy: z.object({ name, namespace: name, workload: name }),
  known: z.record(z.string(), z.string()),
});

const messages = {
  hello,
  subscribe: z.object({ type: z.literal('subscribe'), destination: key }),
  unsubscribe: z.object({ type: z.literal('unsubscribe'), destination: key }),
  applied: z.object({ type: z.literal('applied'), destination: key, version }),
  refused: z.object({ type: z.literal('refused'), destination: key, version, reason: z.string() }),
  answer: z.object({
    type: z.literal('answer'),
    id: z.int().min(0),
    answer: z.unknown(),
    why: z.string().max(limits.whyMax).optional(),
  }),
  splits: z.object({
    type: z.literal('splits'),
    splits: z
      .array(
        z.object({
          destination: key,
          rule: name,
          backends: z.record(key, z.number().min(0).finite()),
        }),
      )
      .max(wireLimits.splitReportsMax),
  }),
  ping: z.object({ type: z.literal('ping') }),
} as const;

/** The answer, and the message around it. */
const ANSWER_LINE_MAX = wireLimits.answerBytesMax + 1_024;

export type Reading =
  | { readonly is: 'message'; readonly message: ProxyMessage }
  | { readonly is: 'unknown'; readonly type: string }
  | { readonly is: 'mistake'; readonly why: string };

/** Reads one line of a proxy. */
export function readProxyMessage(line: string): Reading {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return { is: 'mistake', why: 'a line is not JSON' };
  }
  const type = typeof value === 'object' && value !== null && 'type' in value ? value.type : null;
  if (typeof type !== 'string') return { is: 'mistake', why: 'a line has no type' };
  if (!Object.hasOwn(messages, type)) return { is: 'unknown', type };
  if (type === 'answer' && line.length > ANSWER_LINE_MAX) {
    return { is: 'mistake', why: `an answer is over ${wireLimits.answerBytesMax} bytes` };
  }
  const read = messages[type as keyof typeof messages].safeParse(value);
  if (read.success) return { is: 'message', message: read.data as ProxyMessage };
  const issue = read.error.issues[0];
  return { is: 'mistake', why: `${type}.${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}` };
}
