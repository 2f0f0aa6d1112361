import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseObject } from '@remora/api/config/objects.ts';
import { Core } from '../core.ts';
import * as limits from '../limits.ts';
import { silentLog } from '../log.ts';
import { PeerAcks } from './peer-acks.ts';
import { StatusKeeper } from './status-keeper.ts';
import { sourceKey } from '../publish/acks.ts';
import { type StatusPort, StatusWriter, type WrittenStatus } from './status-writer.ts';
import { wantedStatuses } from './wanted-statuses.ts';

const OLD = '2026-01-01T00:00:00Z';
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

function coreWith(raw: object): Core {
  const core = new Core({ controlPlane: 'test', authenticate: null, log: silentLog });
  const parsed = parseObject(raw);
  if (parsed.is !== 'object') throw new Error(parsed.is);
  core.fold([{ type: 'put', object: parsed.object }]);
  return core;
}

test('a new leader that reads slowly does not write anew what stands there', async () => {
  const core = coreWith({
    apiVersion: 'remora.dev/v1alpha1',
    kind: 'MeshConfig',
    metadata: { name: 'mesh' },
    spec: {},
  });
  const nobody = { applied: 0, interested: 0, refused: [] };
  const realised = () => new Map<string, number>();
  const stands = wantedStatuses(core.world, { appliedBy: () => nobody, silent: 0, realised });
  const written: WrittenStatus[] = [];
  const port: StatusPort = {
    async readAll() {
      await pause(3 * limits.statusPassMs);
      return new Map(
        stands.map(({ status, ...target }) => {
          const conditions = status.conditions.map((each) => ({
            ...each,
            lastTransitionTime: OLD,
          }));
          return [sourceKey(target), { ...status, conditions }];
        }),
      );
    },
    async write(_target, status) {
      written.push(status);
      return true;
    },
  };
  const peers = new PeerAcks({
    ...{ port: 0, ca: '', servername: '', token: async () => '', log: silentLog },
    onChange: () => {},
  });
  const writer = new StatusWriter(port, silentLog);
  const keeper = new StatusKeeper(core, peers, writer);
  await writer.open();
  await pause(3 * limits.statusPassMs);
  keeper.close();
  core.server.close();
  assert.equal(stands.length, 1);
  assert.deepEqual(written, []);
});
