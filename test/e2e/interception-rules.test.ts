/**
 * The init step in a real network namespace, with real connections: which go through the sidecar
 * and which do not, in both families, with both kinds of iptables.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { PROXY_UID } from '../../api/src/mesh-names.ts';
import { ports } from '../../api/src/ports.ts';
import {
  peerAddress,
  podAddress,
  TwoNamespaces,
  whyNoTwoNamespaces,
} from '../support/two-namespaces.ts';

const INIT = join(import.meta.dirname, '../../proxy/src/interception/init.ts');
const APP_UID = 1_000;
/** Nobody has these, as with a Service's address. */
const SERVICE = { 4: '10.96.0.7', 6: 'fd00:96::7' } as const;
/** The peer has these too. */
const OTHER = { 4: '10.77.0.1', 6: 'fd00:77::1' } as const;
const APP = 8_080;
const SKIPPED_IN = 9_000;
const SKIPPED_OUT = 9_050;
const DNS = 53;
const FAMILIES = [4, 6] as const;

const programs = (backend: string) =>
  ['iptables', 'ip6tables'].flatMap((name) => [`${name}-${backend}`, `${name}-${backend}-restore`]);

for (const backend of ['nft', 'legacy']) {
  const skip = whyNoTwoNamespaces('setpriv', ...programs(backend)) ?? false;
  describe(`the init step with iptables-${backend}`, { skip }, () => {
    let net: TwoNamespaces;
    /** The only iptables in the path of the init step. */
    let folder: string;
    let asApp: ReturnType<TwoNamespaces['dialler']>;
    let asProxy: ReturnType<TwoNamespaces['dialler']>;
    let fromPeer: ReturnType<TwoNamespaces['dialler']>;

    function init(...flags: string[]) {
      return net.run(net.pod, ['env', `PATH=${folder}`, process.execPath, INIT, ...flags]);
    }

    function rules(): string {
      const tables = ['iptables', 'ip6tables'].map((name) => `${name}-${backend}`);
      return tables.map((one) => net.run(net.pod, [one, '-t', 'nat', '-S']).stdout).join('');
    }

    before(async () => {
      folder = mkdtempSync(join(tmpdir(), 'remora-iptables-'));
      for (const name of programs(backend)) symlinkSync(`/usr/sbin/${name}`, join(folder, name));
      net = new TwoNamespaces(backend);
      for (const address of [`${OTHER[4]}/32`, `${OTHER[6]}/128`]) {
        net.run(net.peer, ['ip', 'addr', 'add', address, 'dev', 'lo']);
      }
      const peerPorts = [APP, SKIPPED_OUT, DNS];
      await net.open(
        net.peer,
        peerPorts.map((port) => `peer :: ${port}`),
      );
      await net.open(net.pod, [
        `app :: ${APP}`,
        `app :: ${SKIPPED_IN}`,
        `outbound :: ${ports.outbound}`,
        `inbound :: ${ports.inbound}`,
        `admin 127.0.0.1 ${ports.admin}`,
        `metrics :: ${ports.metrics}`,
      ]);
      for (const name of ['iptables', 'ip6tables']) {
        net.run(net.pod, [`${name}-${backend}`, ...'-t nat -N SOMEBODYS'.split(' ')]);
      }
      asApp = net.dialler(net.pod, APP_UID);
      asProxy = net.dialler(net.pod, PROXY_UID);
      fromPeer = net.dialler(net.peer, 0);
      const ran = init(
        ...['--skip-outbound-ports', '22,9050-9059', '--skip-inbound-ports', `${SKIPPED_IN}`],
        ...['--skip-outbound-cidrs', `${OTHER[4]}/16,${OTHER[6]}/32`],
      );
      assert.equal(ran.status, 0, ran.stderr);
      const own = ['iptables', 'ip6tables'].map((name) => `${name}-${backend}`);
      assert.ok(
        own.every((name) => ran.stdout.includes(`rules set by ${name}\n`)),
        ran.stdout,
      );
    });

    after(() => {
      net?.close();
      rmSync(folder, { recursive: true, force: true });
    });

    for (const family of FAMILIES) {
      const [peer, pod] = [peerAddress[family], podAddress[family]];

      test(`IPv${family}: leads what the application dials to the outbound listener`, async () => {
        assert.equal(await asApp(peer, APP), 'outbound');
        assert.equal(await asApp(SERVICE[family], 80), 'outbound');
        assert.equal(await net.dialler(net.pod, 0)(peer, APP), 'outbound');
      });

      test(`IPv${family}: leaves the sidecar's own connections alone`, async () => {
        assert.equal(await asProxy(peer, APP), 'peer');
        assert.equal(await asProxy(pod, APP), 'app');
      });

      test(`IPv${family}: leaves what stays within the pod alone`, async () => {
        assert.equal(await asApp(family === 4 ? '127.0.0.1' : '::1', APP), 'app');
        assert.equal(await asApp(pod, APP), 'app');
        assert.equal(await asApp('127.0.0.1', ports.admin), 'admin');
      });

      test(`IPv${family}: leaves DNS, and the ports and ranges that are named, alone`, async () => {
        assert.equal(await asApp(peer, DNS), 'peer');
        assert.equal(await asApp(peer, SKIPPED_OUT), 'peer');
        assert.equal(await asApp(OTHER[family], APP), 'peer');
      });

      test(`IPv${family}: leads what comes in to the inbound listener`, async () => {
        assert.equal(await fromPeer(pod, APP), 'inbound');
        assert.equal(await fromPeer(pod, 7_777), 'inbound'); // Nobody listens there.
      });

      test(`IPv${family}: leaves the sidecar's ports, and those named, alone`, async () => {
        assert.equal(await fromPeer(pod, ports.metrics), 'metrics');
        assert.equal(await fromPeer(pod, ports.admin), 'ECONNREFUSED');
        assert.equal(await fromPeer(pod, SKIPPED_IN), 'app');
      });
    }

    test('a second run replaces the rules of the first, and a third changes nothing', async () => {
      const flags = ['--only-outbound-ports', '443,8000-8999', '--only-inbound-ports', `${APP}`];
      assert.equal(init(...flags, '--only-outbound-cidrs', `${peerAddress[4]}/24`).status, 0);
      assert.equal(await asApp(peerAddress[4], APP), 'outbound');
      assert.equal(await asApp(peerAddress[4], SKIPPED_OUT), 'peer');
      assert.equal(await asApp(peerAddress[6], APP), 'peer'); // No range of its family is named.
      assert.equal(await fromPeer(podAddress[4], APP), 'inbound');
      assert.equal(await fromPeer(podAddress[4], SKIPPED_IN), 'app');
      const settled = rules();
      assert.equal(init(...flags, '--only-outbound-cidrs', `${peerAddress[4]}/24`).status, 0);
      assert.equal(rules(), settled);
    });

    test("leaves other people's rules in the table alone", () => {
      assert.equal(rules().match(/^-N SOMEBODYS$/gm)?.length, 2);
    });

    test('says what to grant where it may not set rules, and ends with 1', () => {
      const less = ['setpriv', '--bounding-set=-net_admin,-net_raw'];
      const command = ['env', `PATH=${folder}`, process.execPath, INIT];
      const ran = net.run(net.pod, [...less, ...command]);
      assert.equal(ran.status, 1, ran.stdout);
      assert.match(ran.stderr, /NET_ADMIN/);
    });

    test('changes nothing in a dry run, and prints both families', () => {
      const before = rules();
      const ran = init('--dry-run', '--skip-inbound-ports', '1234');
      assert.equal(rules(), before);
      assert.equal(ran.stdout.match(/--dport 1234 -j RETURN/g)?.length, 2);
    });
  });
}
