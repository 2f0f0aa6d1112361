/**
 * Objects that are nearly right: an example with one or two values replaced or taken away.
 *
 * Values come from a pool of what people write by mistake and of what stands at the edges of
 * limits; most of it is wrong at most places, and where it happens to be right both sides must
 * agree.
 *
 * Used by the tests that compare the control plane's verdict with the API server's.
 */
import fc from 'fast-check';

type Path = readonly (string | number)[];

const POOL = [
  ...['0s', '1ms', '60s', '1h', '1m30s', '10', '', '/', '/x', 'GET', 'a.b', 'A', 'x y', 'ü', '\t'],
  ...[0, 1, -1, 0.5, 1.5, 80, 100, 302, 503, 65_536, 1e12, true, false, [], {}, null],
  ...['ring-hash', 'critical', 'https', 'content-length', '(', '[a', '^/ok$', 'z'.repeat(300)],
];

export function mutatedExample(example: object): fc.Arbitrary<object> {
  const paths = pathsIn(example).filter(([first]) => first === 'spec');
  const change = fc.record({
    path: fc.constantFrom(...paths),
    value: fc.option(fc.constantFrom(...POOL), { nil: undefined, freq: 6 }),
  });
  return fc.array(change, { minLength: 1, maxLength: 2 }).map((changes) => {
    const object = structuredClone(example);
    for (const { path, value } of changes) put(object, path, value);
    return object;
  });
}

function pathsIn(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  const below = Object.entries(value).flatMap(([key, inner]) => {
    return pathsIn(inner, [...path, Array.isArray(value) ? Number(key) : key]);
  });
  return path.length === 0 ? below : [path, ...below];
}

/** Undefined takes the field away; a place that an earlier change took away stays away. */
function put(object: unknown, path: Path, value: unknown): void {
  let at = object;
  for (const step of path.slice(0, -1)) {
    if (typeof at !== 'object' || at === null) return;
    at = (at as Record<string | number, unknown>)[step];
  }
  const last = path.at(-1);
  if (typeof at !== 'object' || at === null || last === undefined) return;
  const holder = at as Record<string | number, unknown>;
  if (value !== undefined) holder[last] = structuredClone(value);
  else if (Array.isArray(at)) at.splice(Number(last), 1);
  else delete holder[last];
}
