/**
 * Every run there is, in the order in which they are played: short ones first, so that a broken
 * build shows within a minute. A table; read by `chaos.ts`.
 */
import { controlPlane } from './families/control-plane.ts';
import { postsUnderResets } from './families/duplicates.ts';
import { endpointFaults } from './families/endpoint-faults.ts';
import { oneOfTen, threeOfTen } from './families/fleet.ts';
import { health } from './families/health.ts';
import { hugeHeads, idleConnections, slowHeads, slowReader } from './families/hostile-clients.ts';
import { staleKeepAlive } from './families/keep-alive.ts';
import { outage } from './families/outage.ts';
import { overload, overloadCritical, overloadFrom16, overloadFrom4 } from './families/overload.ts';
import { sigterm } from './families/sigterm.ts';
import { blockedLog, fewDescriptors, fullDisk } from './families/starved.ts';
import { tiers } from './families/tiers.ts';
import type { Run } from './scene.ts';

export const RUNS: readonly Run[] = [
  ...endpointFaults,
  threeOfTen,
  ...oneOfTen,
  staleKeepAlive,
  postsUnderResets,
  ...health,
  overload,
  overloadFrom4,
  overloadFrom16,
  overloadCritical,
  tiers,
  slowHeads,
  hugeHeads,
  idleConnections,
  slowReader,
  fewDescriptors,
  controlPlane,
  fullDisk,
  blockedLog,
  ...sigterm,
  outage,
];
