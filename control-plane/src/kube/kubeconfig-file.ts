/**
 * Reads a kubeconfig as kubectl does: files merged, the first to name a thing wins, a context
 * chosen, paths taken from the folder of the file that names them.
 *
 * Plugins (`exec`, `auth-provider`) are refused: they would run programs that a file names. So are
 * passwords, which no API server takes any more, and unverified TLS, which would hand the token to
 * whoever answers.
 *
 * Reads files. Called by `kube-config.ts` and by verbs that name a file.
 */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';
import { systemClock } from '../clock.ts';
import * as limits from '../limits.ts';
import { type KubeConfig, KubeConfigError } from './kube-config.ts';
import { fixedToken, TokenFile, type TokenSource } from './token-file.ts';

type Fields = Readonly<Record<string, unknown>>;

/** A cluster, a user or a context, and the folder that its paths start from. */
interface Entry {
  readonly fields: Fields;
  readonly folder: string;
}

interface Merged {
  readonly clusters: Map<string, Entry>;
  readonly users: Map<string, Entry>;
  readonly contexts: Map<string, Entry>;
  current: string;
}

const NO_CONTEXT = 'Choose one with `kubectl config use-context NAME`';

export function readKubeconfig(files: string | readonly string[], context?: string): KubeConfig {
  const list = typeof files === 'string' ? [files] : files;
  const where = list.join(', ');
  const merged = merge(list);
  const name = context ?? merged.current;
  if (name === '') throw new KubeConfigError(`${where} has no current context. ${NO_CONTEXT}`);
  const chosen = entryOf(merged.contexts, 'context', name, where);
  const clusterName = text(chosen.fields, 'cluster') ?? '';
  const userName = text(chosen.fields, 'user');
  const cluster = entryOf(merged.clusters, 'cluster', clusterName, where);
  const user = userName === null ? null : entryOf(merged.users, 'user', userName, where);
  const as = `user ${userName ?? '(none)'} of ${where}`;
  return {
    ...clusterPart(cluster, `cluster ${clusterName} of ${where}`),
    ...userPart(user, as),
    namespace: text(chosen.fields, 'namespace') ?? 'default',
    as,
  };
}

function clusterPart({ fields, folder }: Entry, where: string) {
  const server = text(fields, 'server') ?? '';
  if (!isUsable(server)) {
    throw new KubeConfigError(
      `${where}: server "${server}" is not https (plain http is for loopback only)`,
    );
  }
  refuse(fields, 'insecure-skip-tls-verify', where, 'give its certificate-authority-data instead');
  refuse(fields, 'proxy-url', where, 'Remora reaches an API server directly only');
  return {
    server: server.replace(/\/+$/, ''),
    caPem: pem(fields, 'certificate-authority', folder, where),
    serverName: text(fields, 'tls-server-name'),
  };
}

function userPart(user: Entry | null, where: string) {
  if (user === null) return { clientCertPem: null, clientKeyPem: null, token: null };
  const { fields, folder } = user;
  const instead = 'use a client certificate, or a token from `kubectl create token`';
  refuse(fields, 'exec', where, `Remora runs no credential plugins: ${instead}`);
  refuse(fields, 'auth-provider', where, `Remora runs no credential plugins: ${instead}`);
  refuse(fields, 'username', where, `API servers take no passwords: ${instead}`);
  const clientCertPem = pem(fields, 'client-certificate', folder, where);
  const clientKeyPem = pem(fields, 'client-key', folder, where);
  if ((clientCertPem === null) !== (clientKeyPem === null)) {
    throw new KubeConfigError(`${where}: a client certificate and its key come together`);
  }
  return { clientCertPem, clientKeyPem, token: tokenOf(fields, folder) };
}

function tokenOf(fields: Fields, folder: string): TokenSource | null {
  const token = text(fields, 'token');
  if (token !== null) return fixedToken(token);
  const file = text(fields, 'tokenFile');
  return file === null ? null : new TokenFile(resolve(folder, file), systemClock);
}

/** `NAME-data` in base64, else the file that `NAME` is. */
function pem(fields: Fields, name: string, folder: string, where: string): string | null {
  const data = text(fields, `${name}-data`);
  if (data !== null) return Buffer.from(data, 'base64').toString('utf8');
  const file = text(fields, name);
  return file === null ? null : readText(resolve(folder, file), `${where}: ${name}`);
}

function refuse(fields: Fields, name: string, where: string, remedy: string): void {
  const value = fields[name];
  if (value === undefined || value === null || value === false || value === '') return;
  throw new KubeConfigError(`${where} has ${name}: ${remedy}`);
}

function merge(files: readonly string[]): Merged {
  const merged: Merged = {
    clusters: new Map(),
    users: new Map(),
    contexts: new Map(),
    current: '',
  };
  for (const file of files) {
    const config = asFields(parseYaml(file));
    const folder = dirname(resolve(file));
    addNamed(merged.clusters, config['clusters'], 'cluster', folder);
    addNamed(merged.users, config['users'], 'user', folder);
    addNamed(merged.contexts, config['contexts'], 'context', folder);
    merged.current ||= text(config, 'current-context') ?? '';
  }
  return merged;
}

function addNamed(into: Map<string, Entry>, list: unknown, part: string, folder: string): void {
  for (const item of Array.isArray(list) ? list : []) {
    const fields = asFields(item);
    const name = text(fields, 'name');
    if (name === null || into.has(name)) continue;
    into.set(name, { fields: asFields(fields[part]), folder });
  }
}

function entryOf(from: Map<string, Entry>, what: string, name: string, where: string): Entry {
  const entry = from.get(name);
  if (entry !== undefined) return entry;
  const names = [...from.keys()].join(', ') || 'none';
  throw new KubeConfigError(`${where} has no ${what} "${name}"; there are: ${names}`);
}

function parseYaml(file: string): unknown {
  const source = readText(file, 'The kubeconfig');
  try {
    return parse(source, { maxAliasCount: limits.yamlAliasesMax });
  } catch (error) {
    throw new KubeConfigError(`${file} is not YAML: ${messageOf(error)}`, error);
  }
}

function readText(file: string, what: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new KubeConfigError(`${what} cannot be read: ${messageOf(error)}`, error);
  }
}

function isUsable(server: string): boolean {
  const url = URL.parse(server);
  if (url === null) return false;
  if (url.protocol === 'https:') return true;
  return url.protocol === 'http:' && /^(127\.|\[::1\]$|localhost$)/.test(url.hostname);
}

function text(fields: Fields, name: string): string | null {
  const value = fields[name];
  return typeof value === 'string' && value !== '' ? value : null;
}

function asFields(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
