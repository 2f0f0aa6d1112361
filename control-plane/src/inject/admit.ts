/**
 * The mutating webhook's judgement: a Pod that is being created, and what is changed about it.
 *
 * Whatever is not the creation of a Pod is let through untouched: which requests arrive is the
 * webhook configuration's business, and one rule too many there must not stop a cluster.
 *
 * Called by `webhook/server.ts` for each review. Of the world it asks one thing, by `modeOf`.
 */
import { sentence } from '../files/problem.ts';
import type { Problem } from '@remora/api/config/problems.ts';
import type { Installation } from '../desired/injection-plan.ts';
import type { Admit, AdmissionAnswer, AdmissionRequest } from '../webhook/admission.ts';
import { injectionOf, type Mode } from './injection.ts';

export interface AdmitOptions {
  /** Asked for each pod: an authority may be rotated. */
  readonly installation: () => Installation;
  /** What the namespace says. */
  readonly modeOf: (namespace: string) => Mode | null;
}

/** Unprocessable Content: the object is what is wrong. */
const INVALID = 422;
const ALLOWED: AdmissionAnswer = { allowed: true };

export function admitPods({ installation, modeOf }: AdmitOptions): Admit {
  return (request) => {
    if (!isNewPod(request)) return ALLOWED;
    const injection = injectionOf({
      pod: request.object,
      mode: modeOf(request.namespace),
      workload: null,
      installation: installation(),
    });
    switch (injection.is) {
      case 'left':
        return ALLOWED;
      case 'refused':
        return { allowed: false, code: INVALID, message: refusal(injection.problems) };
      case 'injected':
        return {
          allowed: true,
          patch: injection.patch,
          warnings: injection.warnings.map(sentence),
        };
    }
  };
}

function isNewPod({ kind, operation, subResource = '' }: AdmissionRequest): boolean {
  return kind.group === '' && kind.kind === 'Pod' && operation === 'CREATE' && subResource === '';
}

function refusal(problems: readonly Problem[]): string {
  return `remora: ${problems.map(sentence).join('; ')}`;
}
