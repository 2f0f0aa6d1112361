/**
 * docs/injection.md: how a pod gets its sidecar, and every annotation that changes it.
 *
 * The table is the settings' own; names and numbers in the prose are those of the code.
 *
 * Pure. Called by `generated-files.ts`.
 */
import {
  INIT_CONTAINER,
  INJECT,
  INJECTED,
  LAST_GOOD_FOLDER,
  MESH_PREFIX,
  PROXY_CONTAINER,
  PROXY_UID,
  TOKEN_FILE,
} from '@remora/api/mesh-names.ts';
import { ports } from '@remora/api/ports.ts';
import type { Setting } from '../control-plane/src/inject/setting.ts';
import { SETTINGS } from '../control-plane/src/inject/settings.ts';

/** What injection adds, and what for. */
const ADDED: readonly (readonly string[])[] = [
  [
    `\`${INIT_CONTAINER}\``,
    `The first init container: leads the pod's TCP connections to the sidecar, and ` +
      `ends. Runs as root with \`NET_ADMIN\` and \`NET_RAW\` alone`,
  ],
  [
    `\`${PROXY_CONTAINER}\``,
    `The second: a native sidecar (\`restartPolicy: Always\`). It is ready before any ` +
      `other container starts, the pod's own init containers included, ends after the ` +
      `application, and never holds a Job. Runs as user ${PROXY_UID}, without ` +
      `capabilities, on a read-only root file system`,
  ],
  [
    `\`remora-token\``,
    `A projected token, \`${TOKEN_FILE}\`, which proves to the control plane which ` +
      `pod it is. Works with \`automountServiceAccountToken: false\` too`,
  ],
  [
    `\`remora-last-good\``,
    `An emptyDir, \`${LAST_GOOD_FOLDER}\`: a sidecar that is started anew without a ` +
      `control plane goes on with what it had`,
  ],
  [
    `\`preStop\``,
    `A pause in application containers that have no \`preStop\`, so that callers ` +
      `learn that the pod goes before it does. Half of ` +
      `\`terminationGracePeriodSeconds\` at most, unless the pod says how long`,
  ],
  [
    `annotations`,
    `\`${INJECTED}\` with the version; the name of the emptyDir for the cluster ` +
      `autoscaler, which would not remove a node for it`,
  ],
];

/** By the field that a probe has. */
const PROBES: readonly (readonly string[])[] = [
  [
    `\`httpGet\``,
    `Nothing: it goes through the sidecar's inbound to the application, before all others where ` +
      `there is a queue, past the rate limits, and counted apart ` +
      `(\`remora_probe_requests_total\`). HTTPS passes as it is`,
  ],
  [
    `\`tcpSocket\``,
    `A GET of the sidecar's page \`/probe/tcp/PORT\`, which dials the application: ` +
      `the sidecar itself would accept always`,
  ],
  [
    `\`grpc\``,
    `A GET of \`/probe/grpc/PORT?service=NAME\`, which asks the application's health ` + `service`,
  ],
  [`\`exec\``, `Nothing`],
];

const HEAD = `# Injection

<!-- Written by \`npm run generate\` from control-plane/src/inject/settings.ts. Do not edit. -->

## Who gets a sidecar

Every new pod of a namespace with the label \`${INJECT}: enabled\`, and every pod that says so
itself, by a label or an annotation. The pod has the last word: \`${INJECT}: disabled\` on it keeps
it out. Pods that run already are injected when they are made anew: \`kubectl rollout restart\`.

\`\`\`sh
kubectl label namespace shop ${INJECT}=enabled
\`\`\`

By hand, where no webhook shall change what is applied, or to see what it would do:

\`\`\`sh
remora inject -f deployment.yaml --control-ca ca.pem | kubectl apply -f -
\`\`\`

It prints Deployments, StatefulSets, DaemonSets, ReplicaSets, Jobs, CronJobs, Pods and Lists of
these with their sidecars, and everything else as it stands, with its comments. When one object is
refused, nothing is printed, and each refusal is told with file and line.

## What is added

${table(['', ''], ADDED)}
A pod that has both the annotation \`${INJECTED}\` and the sidecar is left alone.

The init step needs the Pod Security level \`privileged\` in its namespace: \`baseline\` and
\`restricted\` refuse \`NET_ADMIN\`. A pod of the class Guaranteed stays it with limits equal to
requests.

## Annotations

Of a pod, or of the template of one. A value that cannot be is refused, with what would be right;
an annotation \`${MESH_PREFIX}…\` that is none of these is a warning with the nearest name. Values
are text: numbers are written in quotes.

`;

const TAIL = `
Lists: ports and ranges such as \`3306,9000-9100\`, addresses such as \`10.0.0.0/8,fd00::/8\`.
Where both \`skip\` and \`only\` hold, \`skip\` wins.

## What goes through the sidecar

TCP, IPv4 and IPv6. Not: the sidecar's own connections, loopback, a pod's own addresses, DNS (port
53), the sidecar's ports (${ports.outbound} to ${ports.metrics}), UDP, and what annotations skip. A
connection is led once, when it begins: one that was there before stays as it is.

An application that calls its own Service is routed like any caller. When the choice falls on
itself, the sidecar dials it directly, past its own inbound: the one user whose connections are
never redirected is the sidecar's, or a redirected one would come round for ever.

A \`hostPort\` works: the node's network leads it to the pod, where it is inbound like any other.
HTTP hooks of \`lifecycle\` go through the sidecar, which starts before and ends after the
containers.

## Probes keep their meaning

${table(['Probe', 'What becomes of it'], PROBES)}
Every timing is kept, and \`timeoutSeconds\` is told to the page. A probe with a \`host\`, or of a
port that passes the sidecar by, stays as it is. Of all containers, native sidecars of the pod's
own included.

## What is refused

A pod that cannot have a sidecar is not created without one in silence: the message names the
field, the reason and what to do. \`${INJECT}: disabled\` on the pod is always a way out.

- \`hostNetwork\`: its connections are those of the node.
- Windows.
- A container that runs as user ${PROXY_UID}, whose connections are not redirected.
- A container port ${ports.outbound} to ${ports.metrics} over TCP.
- A container or volume with one of the mesh's names that is not from injection.
- A container of another mesh: both would redirect the same connections.
- A TCP probe of a named port that its container does not have.
- \`pre-stop-seconds\` over \`terminationGracePeriodSeconds\`, a request over its limit.

## When the init step fails

The pod stays in \`Init:Error\`, and \`kubectl describe pod\` shows the reason: what to grant where
it was not allowed to set rules, or what each iptables said. With \`kubectl logs POD -c
${INIT_CONTAINER}\` it shows again. \`node /remora/remora-init.mjs --dry-run\` in the image prints
the rules that it would set.
`;

export function injectionPage(): string {
  const settings = Object.values(SETTINGS).map(row);
  return HEAD + table(['Annotation', 'Takes', 'Default', ''], settings) + TAIL;
}

function row({ name, form, standard, doc }: Setting<unknown>): readonly string[] {
  const shown = standard === '' || standard.includes(' ') ? standard : `\`${standard}\``;
  return [`\`${MESH_PREFIX}${name}\``, form, shown, doc];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => {
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`;
  };
  return `${line(head)}|${'---|'.repeat(head.length)}\n${rows.map(line).join('')}`;
}
