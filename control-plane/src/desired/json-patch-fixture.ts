/**
 * Applies a JSON patch, RFC 6902 §4: what an API server does with ours, for tests to agree with.
 *
 * Pure. Only `add`, `remove` and `replace`; what cannot be applied throws.
 */
import assert from 'node:assert/strict';
import type { JsonPatchOperation } from '../webhook/admission.ts';

export function applyPatch(value: unknown, patch: readonly JsonPatchOperation[]): unknown {
  return patch.reduce(applyOne, structuredClone(value));
}

function applyOne(whole: unknown, { op, path, value }: JsonPatchOperation): unknown {
  if (path === '') return structuredClone(value);
  const steps = path.split('/').map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
  const last = steps.pop() ?? '';
  const parent = steps.slice(1).reduce(child, whole);
  assert.ok(typeof parent === 'object' && parent !== null, `${path} has no parent`);
  if (op !== 'add') child(parent, last);
  if (Array.isArray(parent)) {
    const at = last === '-' ? parent.length : Number(last);
    assert.ok(at >= 0 && at <= parent.length, `${path} is outside the list`);
    const removed = op === 'add' ? 0 : 1;
    parent.splice(at, removed, ...(op === 'remove' ? [] : [structuredClone(value)]));
  } else if (op === 'remove') {
    Reflect.deleteProperty(parent, last);
  } else {
    Object.assign(parent, { [last]: structuredClone(value) });
  }
  return whole;
}

function child(parent: unknown, name: string): unknown {
  assert.ok(typeof parent === 'object' && parent !== null && Object.hasOwn(parent, name), name);
  return (parent as Readonly<Record<string, unknown>>)[name];
}
