/**
 * docs/config.md: every field of every kind, with its type, default, limits and doc.
 *
 * Pure. Called by `generated-files.ts`.
 */
import { UNEDITABLE } from '@remora/api/config/names.ts';
import { EXAMPLES } from './config-examples.ts';
import {
  type CrdSpec,
  inputSchema,
  type Schema,
} from '@remora/control-plane/install/crd-schema.ts';

const UNEDITABLE_TEXT = [...UNEDITABLE, 'proxy-*', 'x-remora-*']
  .map((name) => `\`${name}\``)
  .join(', ');

const HEAD = `# Configuration

<!-- Written by \`npm run generate\` from api/src/config. Do not edit. -->

Objects of the group \`remora.dev/v1alpha1\`, as files for \`remora dev\` or in a cluster. A field
that is not known here is ignored, with a warning; a wrong value refuses its object, and what was
last read of it stays in force. A duration is a whole number and a unit: \`250ms\`, \`10s\`, \`1m\`,
\`1h\`.

Headers that frame or route a message cannot be edited: ${UNEDITABLE_TEXT}.
`;

interface Field {
  readonly path: string;
  readonly schema: Schema;
  readonly isRequired: boolean;
}

export function configPage(kinds: readonly CrdSpec[]): string {
  return `${HEAD}\n${kinds.map(section).join('\n')}`;
}

function section(spec: CrdSpec): string {
  const { kind, description, shortName, scope } = spec;
  const where = scope === 'Cluster' ? 'One for the whole cluster' : 'In a namespace';
  const rows = fieldsOf('spec', inputSchema(spec.spec)).map(row).join('\n');
  const table = `| Field | Type | Default | Limits | |\n|---|---|---|---|---|\n${rows}\n`;
  const rules = rulesOf(spec).map((rule) => `- ${rule}\n`);
  const together = rules.length === 0 ? '' : `\nRules over several fields:\n\n${rules.join('')}`;
  const example = `\n\`\`\`yaml\n${EXAMPLES[kind] ?? ''}\`\`\`\n`;
  const about = `${description} ${where}; short name \`${shortName}\`.`;
  return `## ${kind}\n\n${about}\n${example}\n${table}${together}`;
}

/** Every field under `path`, each before what is in it. */
export function fieldsOf(path: string, schema: Schema): Field[] {
  const required = new Set(schema.required ?? []);
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const at = `${path}.${name}`;
    const inner = field.items ?? field;
    const below = fieldsOf(field.items === undefined ? at : `${at}[]`, inner);
    return [{ path: at, schema: field, isRequired: required.has(name) }, ...below];
  });
}

function row({ path, schema, isRequired }: Field): string {
  const type = schema['x-type'] ?? schema.type ?? '';
  const standard = isRequired ? '*required*' : (schema['x-default'] ?? '');
  const cells = [`\`${path}\``, type, standard, schema['x-limits'] ?? '', schema.description ?? ''];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function rulesOf(spec: CrdSpec): string[] {
  const rules = spec.rules.map(({ message }) => message);
  collectRules('spec', inputSchema(spec.spec), rules);
  return rules;
}

function collectRules(path: string, schema: Schema, into: string[]): void {
  if (schema.properties === undefined) return; // A rule on one value is in its limits.
  for (const rule of schema['x-kubernetes-validations'] ?? []) {
    into.push(`\`${path}\`: ${String((rule as { message?: string }).message)}`);
  }
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    const isList = field.items !== undefined;
    collectRules(`${path}.${name}${isList ? '[]' : ''}`, field.items ?? field, into);
  }
}
