import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { parseObject } from '@remora/api/config/objects.ts';
import { ERRORS } from '@remora/api/errors.ts';
import { KINDS } from '@remora/control-plane/install/kinds.ts';
import { parse } from 'yaml';
import { EXAMPLES } from './config-examples.ts';
import { fieldsOf } from './config-page.ts';
import { inputSchema, type Schema } from '@remora/control-plane/install/crd-schema.ts';
import { generatedFiles } from './generated-files.ts';

const root = join(import.meta.dirname, '..');
const textOf = (path: string) => readFileSync(join(root, path), 'utf8');

describe('the generated files', () => {
  for (const [path, text] of generatedFiles()) {
    test(`${path} is what the code says`, () => assert.equal(textOf(path), text));
  }

  test('are all the CRDs there are', () => {
    const files = readdirSync(join(root, 'charts/remora/crds')).sort();
    assert.deepEqual(files, KINDS.map(({ plural }) => `${plural}.yaml`).sort());
  });
});

describe('the page of errors', () => {
  const rows = [
    ...textOf('docs/errors.md').matchAll(/^\| `(RMR_\w+)` \| (\d*) \| (\w+) \| (\w+) \|/gm),
  ];

  test('has every code and no other, with its status, source and retry', () => {
    const wanted = Object.entries(ERRORS).map(([code, { status, source, retry }]) => {
      return [code, String(status), source, retry];
    });
    assert.deepEqual(
      rows.map(([, ...cells]) => cells),
      wanted,
    );
  });
});

/** Of these an example shows one. */
const ALTERNATIVES = new Set(['header', 'cookie', 'peer']);

describe('the page of fields', () => {
  const text = textOf('docs/config.md');

  for (const { kind, spec } of KINDS) {
    test(`has every field of ${kind}, each with a type and a doc`, () => {
      for (const { path, schema } of fieldsOf('spec', inputSchema(spec))) {
        assert.ok(text.includes(`| \`${path}\` |`), path);
        assert.ok((schema.description ?? '') !== '', `${path} says nothing of itself`);
      }
    });

    test(`has an example of ${kind} that is right and shows every field but those refused`, () => {
      const example = EXAMPLES[kind] ?? '';
      assert.ok(text.includes(example));
      const parsed = parseObject(parse(example));
      assert.deepEqual(parsed.is === 'object' ? parsed.warnings : parsed, []);
      for (const { path, schema } of fieldsOf('spec', inputSchema(spec))) {
        if (schema['x-limits'] === 'refused') continue;
        const name = path.slice(path.lastIndexOf('.') + 1);
        if (kind !== 'MeshConfig' && !ALTERNATIVES.has(name))
          assert.match(example, new RegExp(`\\b${name}:`), path);
      }
    });
  }

  test('has no field that no schema has', () => {
    const known = new Set(
      KINDS.flatMap(({ spec }) => fieldsOf('spec', inputSchema(spec))).map(({ path }) => path),
    );
    for (const [, path = ''] of text.matchAll(/^\| `(spec[^`]*)` \|/gm)) {
      assert.ok(known.has(path), path);
    }
  });
});

describe('a CRD', () => {
  for (const { kind, plural, shortName } of KINDS) {
    const { spec, metadata } = parse(textOf(`charts/remora/crds/${plural}.yaml`));
    const [version] = spec.versions;
    const schema: Schema = version.schema.openAPIV3Schema;

    test(`of ${kind} has its names, a status and columns`, () => {
      assert.equal(metadata.name, `${plural}.remora.dev`);
      assert.deepEqual(spec.names.shortNames, [shortName]);
      assert.deepEqual(version.subresources, { status: {} });
      assert.ok(version.additionalPrinterColumns.length >= 2);
    });

    test(`of ${kind} is structural: each value has one type, bounds, and nothing closed`, () => {
      for (const [path, node] of nodesOf(kind, schema)) {
        assert.equal(typeof node.type, 'string', path);
        // A default within a list is drift for ever to a GitOps tool.
        assert.ok(node['default'] === undefined || !path.includes('[]'), path);
        assert.notEqual(node.additionalProperties, false, path);
        const isText = node.type === 'string' && node['enum'] === undefined;
        const isOuter = /^[A-Za-z]+\.(apiVersion|kind)$/.test(path);
        const isTime = node['format'] === 'date-time';
        if (isText && !isOuter && !isTime) assert.ok(Number(node['maxLength']) > 0, path);
        if (node.type === 'array') assert.ok(Number(node['maxItems']) > 0, path);
        if (typeof node.additionalProperties === 'object') {
          assert.ok(Number(node['maxProperties']) > 0, path);
        }
      }
    });

    test(`of ${kind} explains every field, with its default`, () => {
      for (const [path, node] of nodesOf(kind, schema)) {
        const isOuter = /^[A-Za-z]+\.(apiVersion|kind|metadata)$/.test(path);
        if (isOuter || /(\[\]|\{\})$/.test(path)) continue;
        assert.ok((node.description ?? '').length > 0, path);
      }
      for (const { path, schema: field } of fieldsOf('spec', inputSchema(specOf(kind)))) {
        if (field['x-default'] === undefined) continue;
        const node = [...nodesOf(kind, schema)].find(([at]) => at === `${kind}.${path}`)?.[1];
        assert.ok(node?.description?.includes(`Default: ${field['x-default']}.`), path);
      }
    });

    test(`of ${kind} has patterns that RE2 knows`, () => {
      for (const [path, node] of nodesOf(kind, schema)) {
        assert.doesNotMatch(String(node['pattern'] ?? ''), /\(\?[=!<]|\\u|\\[1-9]/, path);
      }
    });
  }

  test('of TrafficRoute has the rules of exactly one', () => {
    const text = textOf('charts/remora/crds/trafficroutes.yaml');
    const rules = [
      '[has(self.exact), has(self.prefix), has(self.regex)].exists_one(given, given)',
      'has(self.__namespace__) || has(self.workload)',
      '!(has(self.backends) && has(self.redirect))',
      '!(has(self.redirect) && has(self.rewrite))',
      '!has(self.claim)',
    ];
    for (const rule of rules) assert.ok(text.replace(/\s+/g, ' ').includes(rule), rule);
  });
});

function specOf(kind: string) {
  const found = KINDS.find((each) => each.kind === kind);
  assert.ok(found !== undefined);
  return found.spec;
}

function* nodesOf(path: string, schema: Schema): Iterable<readonly [string, Schema]> {
  yield [path, schema];
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    yield* nodesOf(`${path}.${name}`, field);
  }
  if (schema.items !== undefined) yield* nodesOf(`${path}[]`, schema.items);
  if (typeof schema.additionalProperties === 'object') {
    yield* nodesOf(`${path}{}`, schema.additionalProperties);
  }
}
