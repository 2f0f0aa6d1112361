/**
 * `dev.yaml`: how each workload of a folder is started on one machine.
 *
 * Everything else (replicas, environment, readiness, ports of Services) is in the Kubernetes YAML
 * already, so this file says only what a cluster would know from an image. Whatever is wrong is
 * reported with its line, field and remedy, all at once: nobody likes a file corrected in rounds.
 *
 * Pure. Called by `mesh.ts`.
 */
import { z } from 'zod';
import { type Path, type Position, readYaml } from '../files/yaml-documents.ts';
import type { Problem } from '../files/problem.ts';

export interface DevFile {
  /** By the Deployment's name. */
  readonly workloads: ReadonlyMap<string, DevWorkload>;
  readonly load: DevLoad | null;
}

export interface DevWorkload {
  /** One text is given to the shell, a list is started as it is. */
  readonly command: string | readonly string[];
  /** Relative to the folder of `dev.yaml`. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  /** Null: as the Deployment says. */
  readonly replicas: number | null;
  readonly line: number;
}

export interface DevLoad {
  readonly url: string;
  readonly ratePerSecond: number;
  readonly users: number;
}

export const devLimits = { replicasMax: 20, ratePerSecondMax: 1_000, usersMax: 100_000 } as const;

const START: Position = { line: 1, column: 1 };

const REMEDIES: Readonly<Record<string, string>> = {
  workloads: "a Deployment's name and how it starts: `web: { command: node web.js, folder: apps }`",
  command: 'what you would type to start it: `command: node web.js`',
  folder: 'the folder to start it in, relative to this file: `folder: apps`',
  env: 'names and texts: `env: { LEVEL: "1" }`',
  replicas: `a whole number from 0 to ${devLimits.replicasMax}`,
  load: '`load: { url: http://web/, ratePerSecond: 25, users: 200 }`, or leave it out',
  url: 'an http URL of a Service: `url: http://web/`',
  ratePerSecond: `a number from 0 to ${devLimits.ratePerSecondMax}`,
  users: `a whole number from 1 to ${devLimits.usersMax}`,
};

const environment = z.record(
  z.string(),
  z.union([z.string(), z.number(), z.boolean()]).transform(String),
);

const schema = z.strictObject({
  workloads: z.record(
    z.string(),
    z.strictObject({
      command: z.union([z.string().min(1), z.array(z.string()).min(1)]),
      folder: z.string().default('.'),
      env: environment.default({}),
      replicas: z.int().min(0).max(devLimits.replicasMax).nullable().default(null),
    }),
  ),
  load: z
    .strictObject({
      url: z.url({ protocol: /^http$/ }),
      ratePerSecond: z.number().min(0).max(devLimits.ratePerSecondMax).default(25),
      users: z.int().min(1).max(devLimits.usersMax).default(200),
    })
    .nullable()
    .default(null),
});

/** What the text says, or everything that is wrong with it; `file` is only named in problems. */
export function parseDevFile(text: string, file: string): DevFile | readonly Problem[] {
  const [document] = readYaml(text);
  if (document?.is === 'mistaken') {
    return document.mistakes.map(({ position, message }) => ({
      file,
      ...position,
      object: null,
      field: null,
      message,
      remedy: 'correct the YAML at this line',
    }));
  }
  const positionOf = (path: Path) => document?.positionOf(path) ?? START;
  const parsed = schema.safeParse(document?.value ?? {});
  if (!parsed.success)
    return parsed.error.issues.flatMap((issue) => problemsOf(issue, file, positionOf));

  const workloads = new Map<string, DevWorkload>();
  for (const [name, workload] of Object.entries(parsed.data.workloads)) {
    workloads.set(name, { ...workload, line: positionOf(['workloads', name]).line });
  }
  return { workloads, load: parsed.data.load };
}

function problemsOf(
  issue: z.core.$ZodIssue,
  file: string,
  positionOf: (path: Path) => Position,
): Problem[] {
  const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      file,
      ...positionOf([...path, key]),
      object: null,
      field: [...path, key].join('.'),
      message: `there is no field "${key}"`,
      remedy: `the fields here are ${siblingsAt(path).join(', ')}`,
    }));
  }
  const field = path.findLast((part) => part in REMEDIES);
  return [
    {
      file,
      ...positionOf(path),
      object: null,
      field: path.join('.'),
      message: issue.message.replace(/^Invalid input: /, ''),
      remedy: REMEDIES[String(field)] ?? '',
    },
  ];
}

function siblingsAt(path: Path): readonly string[] {
  if (path.length === 0) return ['workloads', 'load'];
  return path[0] === 'load'
    ? ['url', 'ratePerSecond', 'users']
    : ['command', 'folder', 'env', 'replicas'];
}
