/**
 * Golden cases: what objects compile to, one folder a case.
 *
 * `in.yaml` begins with a document `options`, which says everything about the case (what is
 * compiled, for whom, which instances exist, which fields are compared); the rest are objects.
 * `out.yaml` is what must come out. `GOLDEN=write node --test test/golden/golden.test.ts` writes
 * it anew: read the difference before you commit it.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { parseAllDocuments, stringify } from 'yaml';
import { z } from 'zod';
import { WorldCompiler } from '../../control-plane/src/desired/compiler.ts';
import { routeConditions } from '../../control-plane/src/desired/conditions.ts';
import { httpRouteParents } from '../../control-plane/src/desired/http-route-status.ts';
import { inboundConfig } from '../../control-plane/src/desired/inbound-config.ts';
import { readObjects } from '../../control-plane/src/files/object-reading.ts';
import {
  emptyWorld,
  foldWorld,
  type ObjectIdentity,
  type World,
  withInstances,
} from '../../control-plane/src/world.ts';

const CASES = import.meta.dirname;
const WRITES = process.env.GOLDEN === 'write';

const optionsSchema = z.strictObject({
  /** What the case shows, in a sentence. */
  claim: z.string(),
  /** The namespaces of the proxies that ask. */
  for: z.array(z.string()).default(['shop']),
  destinations: z.array(z.string()).default([]),
  /** The fields of a destination that are compared; all unless said. */
  show: z.array(z.string()).optional(),
  /** The workloads, as `namespace/name`, whose sidecars ask what their application is told. */
  inbound: z.array(z.string()).default([]),
  conditions: z.boolean().default(false),
  applied: z
    .strictObject({
      applied: z.number(),
      interested: z.number(),
      refused: z.array(z.strictObject({ proxy: z.string(), reason: z.string() })).default([]),
    })
    .default({ applied: 0, interested: 0, refused: [] }),
  /** `app` is the label `app`; one endpoint each. */
  instances: z
    .array(
      z.strictObject({
        name: z.string(),
        app: z.string(),
        version: z.string().default('v1'),
        namespace: z.string().default('shop'),
        port: z.number(),
        ready: z.boolean().default(true),
      }),
    )
    .default([]),
});

type Options = z.infer<typeof optionsSchema>;

function compiled(text: string): { readonly options: Options; readonly out: unknown } {
  const [first] = parseAllDocuments(text);
  const options = optionsSchema.parse(first?.toJS().options);
  const reading = readObjects('in.yaml', text);
  const events = reading.objects.map(({ object }) => ({ type: 'put', object }) as const);
  const world = withInstances(
    foldWorld(emptyWorld, events),
    options.instances.map(({ app, version, port, ...instance }) => {
      const labels = { app, version };
      return { ...instance, labels, workload: app, address: '127.0.0.1', inboundPort: port };
    }),
  );
  // How a mistake is worded is the schemas' business, and tested there.
  const problems = reading.problems.map(({ line, column, object, field }) => {
    return { line, column, object, field };
  });
  assert.ok(reading.problems.every(({ message, remedy }) => message !== '' && remedy !== ''));
  const out = {
    ...(problems.length > 0 && { problems }),
    ...(options.destinations.length > 0 && { destinations: destinationsOf(world, options) }),
    ...(options.inbound.length > 0 && { inbound: inboundOf(world, options) }),
    ...(options.conditions && { conditions: conditionsOf(world, options) }),
  };
  return { options, out: JSON.parse(JSON.stringify(out)) };
}

function destinationsOf(world: World, options: Options): unknown {
  const all: Record<string, unknown> = {};
  const compiler = new WorldCompiler(world);
  for (const namespace of options.for) {
    for (const key of options.destinations) {
      const config = compiler.compile(key, namespace);
      all[`${key} for ${namespace}`] = config === null ? null : shown(config, options.show);
    }
  }
  return all;
}

function inboundOf(world: World, options: Options): unknown {
  const all = options.inbound.map((workload) => {
    const [namespace = '', name = ''] = workload.split('/');
    return [workload, inboundConfig(world, namespace, name)];
  });
  return Object.fromEntries(all);
}

function shown(config: object, fields: readonly string[] | undefined): unknown {
  if (fields === undefined) return config;
  return Object.fromEntries(Object.entries(config).filter(([field]) => fields.includes(field)));
}

function conditionsOf(world: World, { applied }: Options): unknown {
  const routes = [...world.routesOf.values()].flat();
  const httpRoutes = new Set([...world.httpRoutesOf.values()].flat());
  const moment = { existing: undefined, now: '2026-01-01T00:00:00Z' };
  return Object.fromEntries([
    ...routes.map((route) => [idOf(route), routeConditions(world, route, applied)]),
    ...[...httpRoutes].map((route) => [idOf(route), httpRouteParents(world, route, moment)]),
  ]);
}

function idOf({ metadata: { namespace, name } }: ObjectIdentity): string {
  return `${namespace}/${name}`;
}

describe('golden cases', () => {
  const folders = readdirSync(CASES, { withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  );
  for (const { name } of folders) {
    const folder = join(CASES, name);
    const { options, out } = compiled(readFileSync(join(folder, 'in.yaml'), 'utf8'));
    test(`${name}: ${options.claim}`, () => {
      const file = join(folder, 'out.yaml');
      if (WRITES)
        writeFileSync(file, stringify(out, { lineWidth: 100, aliasDuplicateObjects: false }));
      const [wanted] = parseAllDocuments(readFileSync(file, 'utf8'));
      assert.deepEqual(out, wanted?.toJS());
    });
  }
});
