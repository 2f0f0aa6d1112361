/**
 * What runs on this machine: each Deployment of the folder that `dev.yaml` knows how to start.
 *
 * The Deployment stays the one place for replicas, labels, environment and readiness, so that what
 * works here works in a cluster. `dev.yaml` adds the command and may override.
 *
 * Pure. Called by `mesh.ts`.
 */
import { isAbsolute, resolve } from 'node:path';
import { z } from 'zod';
import type { DevFile } from './dev-file.ts';
import type { Problem } from '../files/problem.ts';
import type { Probe } from './readiness.ts';

/** A Deployment as it was read, and where it stands. */
export interface DeploymentObject {
  readonly file: string;
  readonly line: number;
  readonly object: unknown;
}

export interface LocalWorkload {
  readonly name: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly replicas: number;
  readonly command: string | readonly string[];
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  readonly probe: Probe;
}

const httpGet = z.object({
  path: z.string().default('/'),
  httpHeaders: z.array(z.object({ name: z.string(), value: z.string() })).default([]),
});

const container = z.object({
  env: z.array(z.object({ name: z.string(), value: z.coerce.string().optional() })).default([]),
  readinessProbe: z
    .object({
      httpGet: httpGet.optional(),
      periodSeconds: z.number().positive().default(10),
      timeoutSeconds: z.number().positive().default(1),
      successThreshold: z.number().positive().default(1),
      failureThreshold: z.number().positive().default(3),
    })
    .optional(),
});

const deployment = z.object({
  metadata: z.object({ name: z.string(), namespace: z.string().default('default') }),
  spec: z.object({
    replicas: z.int().min(0).default(1),
    template: z.object({
      metadata: z.object({ labels: z.record(z.string(), z.string()).default({}) }).prefault({}),
      spec: z.object({ containers: z.array(container).min(1) }),
    }),
  }),
});

type Container = z.infer<typeof container>;

export interface Workloads {
  readonly workloads: readonly LocalWorkload[];
  readonly problems: readonly Problem[];
  /** Deployments that `dev.yaml` does not start: no mistake, but worth a line. */
  readonly left: readonly string[];
}

/** Joins the Deployments with `dev.yaml`, which is `devFile` and stands in `folder`. */
export function joinWorkloads(
  dev: DevFile,
  deployments: readonly DeploymentObject[],
  where: { readonly folder: string; readonly devFile: string },
): Workloads {
  const workloads: LocalWorkload[] = [];
  const problems: Problem[] = [];
  const left: string[] = [];
  const found = new Set<string>();
  for (const { file, line, object } of deployments) {
    const at = { file, line, column: 1, object: 'Deployment' };
    const parsed = deployment.safeParse(object);
    if (!parsed.success) {
      const issue = parsed.error.issues[0];
      const field = issue?.path.join('.') ?? '';
      const message = issue?.message ?? 'not a Deployment';
      problems.push({ ...at, field, message, remedy: 'write it as for `kubectl apply`' });
      continue;
    }
    const { metadata, spec } = parsed.data;
    const started = dev.workloads.get(metadata.name);
    if (started === undefined) {
      left.push(metadata.name);
      continue;
    }
    found.add(metadata.name);
    const [first] = spec.template.spec.containers;
    if (first === undefined) continue;
    workloads.push({
      name: metadata.name,
      namespace: metadata.namespace,
      labels: spec.template.metadata.labels,
      replicas: started.replicas ?? spec.replicas,
      command: started.command,
      folder: isAbsolute(started.folder) ? started.folder : resolve(where.folder, started.folder),
      env: { ...environmentOf(first), ...started.env },
      probe: probeOf(first),
    });
  }
  for (const [name, { line }] of dev.workloads) {
    if (found.has(name)) continue;
    problems.push({
      file: where.devFile,
      line,
      column: 1,
      object: null,
      field: `workloads.${name}`,
      message: `the folder has no Deployment "${name}"`,
      remedy:
        left.length > 0 ? `one of: ${left.join(', ')}` : 'add its Deployment, or remove it here',
    });
  }
  return { workloads, problems, left };
}

/** Values from Secrets and ConfigMaps are left out: `dev.yaml` gives those. */
function environmentOf(first: Container): Record<string, string> {
  const env: Record<string, string> = {};
  for (const { name, value } of first.env) if (value !== undefined) env[name] = value;
  return env;
}

function probeOf({ readinessProbe }: Container): Probe {
  const headers: Record<string, string> = {};
  for (const { name, value } of readinessProbe?.httpGet?.httpHeaders ?? []) headers[name] = value;
  return {
    type: readinessProbe?.httpGet === undefined ? 'accepts' : 'http',
    path: readinessProbe?.httpGet?.path ?? '/',
    headers,
    periodMs: (readinessProbe?.periodSeconds ?? 10) * 1_000,
    timeoutMs: (readinessProbe?.timeoutSeconds ?? 1) * 1_000,
    successThreshold: readinessProbe?.successThreshold ?? 1,
    failureThreshold: readinessProbe?.failureThreshold ?? 3,
  };
}
