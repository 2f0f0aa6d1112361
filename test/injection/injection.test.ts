/**
 * Golden cases of injection: what `remora inject` prints, one folder a case.
 *
 * `in.yaml` begins with a document `options`; the rest is what a user would have written.
 * `out.yaml` is what comes out, with what was told before it as comments. `GOLDEN=write` writes it
 * anew: read the difference before you commit. `injection-in-cluster.test.ts` shows each to a
 * real API server.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { injectText } from '../../control-plane/src/inject/manifests.ts';
import { podPlaces } from '../../control-plane/src/inject/pod-places.ts';
import { injectionOf } from '../../control-plane/src/inject/injection.ts';
import { parseYaml, splitDocuments } from '../../control-plane/src/inject/yaml-text.ts';
import { applyPatch } from '../../control-plane/src/desired/json-patch-fixture.ts';
import { caseFolders, INSTALLATION, outputOf, readCase } from './injection-case.ts';

const WRITES = process.env.GOLDEN === 'write';

/** Every pod, or template of one, that a text describes. */
function podsOf(text: string): { readonly object: string; readonly pod: unknown }[] {
  return splitDocuments(text).flatMap((one) => {
    const parsed = parseYaml(one.text);
    return parsed.is === 'value' ? [...podPlaces(parsed.value)] : [];
  });
}

describe('injection, golden cases', () => {
  for (const folder of caseFolders()) {
    const { name, claim, text } = readCase(folder);
    const out = join(folder, 'out.yaml');

    test(`${name}: ${claim}`, () => {
      const printed = outputOf(injectText('in.yaml', text, INSTALLATION));
      if (WRITES) writeFileSync(out, printed);
      assert.equal(printed, readFileSync(out, 'utf8'));
    });

    test(`${name}: the patch that a webhook would answer makes the same pod`, () => {
      const injected = injectText('in.yaml', text, INSTALLATION);
      if (injected.problems.some(({ isWarning }) => isWarning !== true)) return;
      const after = podsOf(injected.text);
      for (const [at, { pod, object, ...place }] of podPlacesOf(text).entries()) {
        const injection = injectionOf({
          ...place,
          pod,
          mode: 'enabled',
          installation: INSTALLATION,
        });
        const patch = injection.is === 'injected' ? injection.patch : [];
        assert.deepEqual(applyPatch(pod, patch), after[at]?.pod, object);
      }
    });

    test(`${name}: injecting twice is injecting once`, () => {
      const once = injectText('in.yaml', text, INSTALLATION);
      if (once.problems.some(({ isWarning }) => isWarning !== true)) return;
      const twice = injectText('in.yaml', once.text, INSTALLATION);
      assert.deepEqual([twice.text, twice.injected], [once.text, []]);
    });
  }
});

function podPlacesOf(text: string) {
  return splitDocuments(text).flatMap((one) => {
    const parsed = parseYaml(one.text);
    return parsed.is === 'value' ? podPlaces(parsed.value) : [];
  });
}
