/** Every run there is, in the order in which they are played. A table; read by `chaos.ts`. */
import { outage } from './families/outage.ts';
import { overload, overloadCritical, overloadFrom16, overloadFrom4 } from './families/overload.ts';
import type { Run } from './scene.ts';

export const RUNS: readonly Run[] = [
  overload,
  overloadFrom4,
  overloadFrom16,
  overloadCritical,
  outage,
];
