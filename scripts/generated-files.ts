/**
 * Every file that is made from the code, with the text it should have.
 *
 * Pure. Called by `generate.ts`, and by the test that holds the files equal to the code.
 */
import { ERRORS } from '@remora/api/errors.ts';
import { crd } from '@remora/control-plane/install/crd-schema.ts';
import { KINDS } from '@remora/control-plane/install/kinds.ts';
import { stringify } from 'yaml';
import project from '../package.json' with { type: 'json' };
import { chartFiles } from './chart-templates.ts';
import { configPage } from './config-page.ts';
import { errorPage } from './error-page.ts';
import { injectionPage } from './injection-page.ts';
import { metricsPage } from './metrics-page.ts';

const CRD_HEAD = '# Written by `npm run generate` from api/src/config. Do not edit.\n';

/** By path from the root of the repository. */
export function generatedFiles(): ReadonlyMap<string, string> {
  const crds = KINDS.map((spec): readonly [string, string] => {
    const text = stringify(crd(spec, project.version), {
      lineWidth: 100,
      aliasDuplicateObjects: false,
    });
    return [spec.plural, CRD_HEAD + text];
  });
  return new Map([
    ...crds.map(([plural, text]) => [`charts/remora/crds/${plural}.yaml`, text] as const),
    ...chartFiles(project.version, crds),
    ['docs/config.md', configPage(KINDS)],
    ['docs/errors.md', errorPage(ERRORS)],
    ['docs/injection.md', injectionPage()],
    ['docs/metrics.md', metricsPage()],
  ]);
}
