/**
 * What a proxy has in force, in words: destinations, their rules, and where those lead.
 *
 * Only what is shown is looked at, so that a proxy of another version can be read too.
 *
 * Pure. Called by the verb `config`. Tests: `config-text.test.ts`.
 */
import { z } from 'zod';
import type { Line } from '../dev/line.ts';
import { type Match, matchText } from './rule-text.ts';

const text = z.string();
const valueMatch = z.object({ name: text, type: text, value: text });

const match = z.object({
  rule: z.number(),
  path: z.object({ type: text, value: text }).nullable(),
  method: text.nullable(),
  headers: z.array(valueMatch),
  query: z.array(valueMatch),
  source: z.object({ namespace: text.optional(), workload: text.optional() }).nullable(),
});

const rule = z.object({
  id: text,
  invalid: text.nullable(),
  backends: z.array(z.object({ backend: text.nullable(), weight: z.number() })),
  redirect: z.object({ status: z.number() }).nullable(),
});

const destination = z.object({
  version: text,
  config: z.object({
    name: text,
    namespace: text,
    port: z.number(),
    matches: z.array(match).nullable(),
    rules: z.array(rule),
    fallback: rule,
    backends: z.record(text, z.object({ endpoints: z.array(z.unknown()) })),
  }),
});

const page = z.object({
  destinations: z.record(text, destination),
  inbound: z.object({ version: text }).optional(),
});

type Destination = z.infer<typeof destination>;
type MatchInForce = z.infer<typeof match>;
type RuleInForce = z.infer<typeof rule>;

/** Null: it is no such page. */
export function configLines(proxy: string, json: unknown): Line[] | null {
  const read = page.safeParse(json);
  if (!read.success) return null;
  const { destinations, inbound } = read.data;
  const entries = Object.entries(destinations);
  const count = `${entries.length} ${entries.length === 1 ? 'destination' : 'destinations'}`;
  const beside = inbound === undefined ? 'no inbound' : `inbound version ${inbound.version}`;
  const lines: Line[] = [[[proxy, 'bold'], `: ${count} in force, ${beside}`]];
  for (const [key, found] of entries) lines.push([], ...destinationLines(key, found));
  return lines;
}

function destinationLines(key: string, { version, config }: Destination): Line[] {
  const { matches, rules, fallback, backends, name, namespace, port } = config;
  const service = `${name}.${namespace}:${port}`;
  const lines: Line[] = [
    [
      [service, 'cyan'],
      [key === service ? '' : ` at ${key}`, 'plain'],
      [`  version ${version}`, 'dim'],
    ],
  ];
  if (matches === null) lines.push(ruleLine(fallback, 'everything'));
  for (const one of matches ?? []) {
    const found = rules[one.rule];
    if (found !== undefined) lines.push(ruleLine(found, matchText(asWritten(one))));
  }
  for (const [name, { endpoints }] of Object.entries(backends)) {
    const count = endpoints.length;
    const said = `${count} ${count === 1 ? 'endpoint' : 'endpoints'}`;
    lines.push([`    ${name}: `, [said, count === 0 ? 'alarm' : 'plain']]);
  }
  return lines;
}

function ruleLine({ id, invalid, backends, redirect }: RuleInForce, matched: string): Line {
  const goals = backends.map(({ backend, weight }) =>
    backends.length === 1 ? (backend ?? 'nothing') : `${backend ?? 'nothing'} ${weight}`,
  );
  const goal = redirect === null ? goals.join(', ') || 'nothing' : `redirect ${redirect.status}`;
  const trouble: Line = invalid === null ? [] : [[`  ✗ ${invalid}`, 'alarm']];
  return [`  ${id}: ${matched} → ${goal}`, ...trouble];
}

/** As `rule-text.ts` knows it: the wire's form says the same with other fields. */
function asWritten({ path, method, headers, query, source }: MatchInForce): Match {
  const value = ({ name, type, value: wanted }: z.infer<typeof valueMatch>) =>
    type === 'present' ? { name } : { name, [type]: wanted };
  return {
    ...(method === null ? {} : { method }),
    ...(path === null ? {} : { path: { [path.type]: path.value } }),
    ...(source === null ? {} : { source }),
    headers: headers.map(value),
    query: query.map(value),
  } as Match;
}
