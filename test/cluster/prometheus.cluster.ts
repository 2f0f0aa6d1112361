/**
 * A real Prometheus finds every sidecar and control plane of a cluster, by the scrape job of
 * docs/observe.md and by what the Prometheus operator makes of the chart's PodMonitors, and counts
 * what was sent.
 *
 * It runs beside the cluster, and reaches the pods through the node's bridge. Debian's is built
 * without discovery in Kubernetes, so that part of Prometheus is a program of its own here. Of what
 * the operator adds to a PodMonitor, only the selectors and the labels `namespace` and `pod` are
 * written down, as its documentation has them: it is no module that could be built.
 *
 * Needs: prometheus-discovery.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { CONTROL_NAMESPACE } from '@remora/api/mesh-names.ts';
import { monitors } from '../../control-plane/src/install/guards.ts';
import { installValues } from '../../control-plane/src/install/values.ts';
import { prometheusTools } from '../../scripts/debian-prometheus.ts';
import { type Prometheus, startPrometheus } from '../support/prometheus.ts';
import { kubeconfigFile } from './machine/cluster.ts';
import { programPath } from './machine/places.ts';
import { type Cluster, skipWithoutCluster } from './support/cluster.ts';
import { Load } from './support/load.ts';
import { ensureRemora } from './support/remora.ts';
import { startShop } from './support/shop.ts';

const NAMESPACE = 'prometheus';
const PAGE = join(import.meta.dirname, '../../docs/observe.md');
const LOAD_MS = 5_000;
const RATE = 40;
const REPLICAS = 2;
/** client, two of catalog-v1, one of catalog-v2. */
const SIDECARS = 4;

interface Job {
  readonly job_name: string;
  readonly kubernetes_sd_configs: readonly object[];
  readonly relabel_configs: readonly object[];
}

interface Monitor {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly selector: { readonly matchLabels?: Readonly<Record<string, string>> };
    readonly podMetricsEndpoints: readonly {
      readonly path: '/metrics';
      readonly port?: string;
      readonly relabelings?: readonly Readonly<Record<string, unknown>>[];
    }[];
  };
}

const tools = prometheusTools();
const skip = skipWithoutCluster() || (typeof tools === 'string' ? tools : false);

describe('Prometheus', { skip }, () => {
  let shop: Cluster;

  before(async () => {
    await ensureRemora();
    shop = await startShop(NAMESPACE, ['catalog']);
  });

  for (const [name, jobs] of [
    ['the job of the page', () => [jobOfPage()]],
    ['the PodMonitors', () => podMonitors().map(jobOfMonitor)],
  ] as const) {
    describe(`by ${name}`, () => {
      let prometheus: Prometheus;
      let countedBefore = 0;
      let sent = 0;

      before(async () => {
        if (typeof tools === 'string') return;
        const found = await Promise.all(jobs().map(discovered));
        prometheus = await startPrometheus(tools, found, SIDECARS + REPLICAS);
        countedBefore = await outbound();
        const startedAtMs = Date.now();
        const load = await Load.start(
          { namespace: NAMESPACE, pod: 'client' },
          { url: 'http://catalog/items', ratePerSecond: RATE },
        );
        await sleep(LOAD_MS);
        const report = await load.stop();
        assert.deepEqual(report.failures, [], report.toText(startedAtMs));
        sent = report.samples.length;
      });

      after(async () => await prometheus?.stop());

      async function sumOf(query: string): Promise<number> {
        return (await prometheus.query(`sum(${query})`))[0]?.value ?? 0;
      }

      async function outbound(): Promise<number> {
        const by = `namespace="${NAMESPACE}",pod="client",direction="outbound"`;
        return await sumOf(`request_total{${by},dst_service="catalog"}`);
      }

      test('finds each sidecar and each replica once', async () => {
        assert.equal(await sumOf(`up{namespace="${NAMESPACE}"}`), SIDECARS);
        assert.equal(await sumOf(`up{namespace="${CONTROL_NAMESPACE}"}`), REPLICAS);
        assert.ok((await sumOf('remora_control_proxies')) >= SIDECARS);
      });

      test('counts every request, at the caller and by Deployment', async () => {
        await shop.waitFor('a scrape after the load', async () => {
          const counted = (await outbound()) - countedBefore;
          if (counted === sent) return true;
          throw new Error(`${counted} of ${sent}`);
        });
        // Each target has a second of its own in which it is asked.
        await shop.waitFor('a scrape of each version after it', async () => {
          const versions = await prometheus.query(
            `sum by (deployment) (request_total{namespace="${NAMESPACE}",direction="inbound"})`,
          );
          assert.deepEqual(versions.map(({ labels }) => labels['deployment']).sort(), [
            'catalog-v1',
            'catalog-v2',
          ]);
          const served = versions.reduce((sum, { value }) => sum + value, 0);
          // Kubelet's probes, which come in the same way, are not among them.
          assert.equal(served, await outbound());
          return true;
        });
      });
    });
  }
});

interface Found {
  readonly labels: Readonly<Record<string, string>>;
}

/** Pods of other suites come and go. */
function isOurs({ labels }: Found): boolean {
  return labels['namespace'] === NAMESPACE || labels['namespace'] === CONTROL_NAMESPACE;
}

/** The job, with the targets that Prometheus finds for it. */
async function discovered(job: Job): Promise<object> {
  const folder = mkdtempSync(join(tmpdir(), 'remora-discovery-'));
  try {
    const file = join(folder, 'job.yaml');
    writeFileSync(file, JSON.stringify(job));
    const program = programPath('prometheus-discovery');
    const { stdout } = await promisify(execFile)(program, ['-job', file]);
    const found = JSON.parse(stdout) as readonly Found[];
    return { job_name: job.job_name, static_configs: found.filter(isOurs) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** As it stands there, and told which cluster. */
function jobOfPage(): Job {
  const [, block = ''] =
    /```yaml\n(- job_name: remora\n.*?)```/s.exec(readFileSync(PAGE, 'utf8')) ?? [];
  const [job] = parse(block) as [Job];
  const configs = job.kubernetes_sd_configs.map((config) => ({ ...config, ...cluster }));
  return { ...job, kubernetes_sd_configs: configs };
}

function podMonitors(): readonly Monitor[] {
  const release = { namespace: CONTROL_NAMESPACE, version: 'dev' };
  const { podMonitor } = installValues.parse({ podMonitor: { enabled: true } });
  return monitors(release, { podMonitor }) as unknown as readonly Monitor[];
}

function jobOfMonitor({ metadata, spec }: Monitor): Job {
  const [endpoint] = spec.podMetricsEndpoints;
  const kept = Object.entries(spec.selector.matchLabels ?? {}).map(([label, value]) => {
    return keep(`pod_label_${label.replaceAll(/[^a-z0-9]/gi, '_')}`, value);
  });
  const port = endpoint?.port === undefined ? [] : [keep('pod_container_port_name', endpoint.port)];
  const relabelings = (endpoint?.relabelings ?? []).map((one) => {
    return Object.fromEntries(Object.entries(one).map(([key, value]) => [snakeCase(key), value]));
  });
  return {
    job_name: metadata.name,
    kubernetes_sd_configs: [{ role: 'pod', ...cluster }],
    relabel_configs: [
      ...kept,
      ...port,
      { source_labels: ['__meta_kubernetes_namespace'], target_label: 'namespace' },
      { source_labels: ['__meta_kubernetes_pod_name'], target_label: 'pod' },
      ...relabelings,
    ],
  };
}

const cluster = { kubeconfig_file: kubeconfigFile };

function keep(what: string, regex: string): object {
  return { source_labels: [`__meta_kubernetes_${what}`], regex, action: 'keep' };
}

function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
