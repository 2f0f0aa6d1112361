/**
 * The node's network: a bridge for pods, forwarding, and the way back to what there was before.
 *
 * kube-proxy, kubelet and the port mapper write their rules into chains of their own. Taking them
 * out again edits exactly those chains and the jumps into them; replacing the whole table, which is
 * shorter, would undo what somebody else changed meanwhile. A machine that has such chains before
 * we start is another Kubernetes' node, and is refused.
 *
 * Called by `cluster.ts`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BRIDGE, nodeAddresses } from './addresses.ts';
import { run, tryRun } from './system.ts';

const FAMILIES = ['iptables', 'ip6tables'] as const;
/** Chains of kube-proxy, kubelet and CNI's plugins. */
const OURS = /^(KUBE|CNI)-/;
const JUMP = / -[jg] (KUBE|CNI)-/;

/** What pods need of the kernel. The last two: an answer on the bridge must be seen, too. */
const SETTINGS: Readonly<Record<string, string>> = {
  'net/ipv4/ip_forward': '1',
  'net/ipv6/conf/all/forwarding': '1',
  'net/bridge/bridge-nf-call-iptables': '1',
  'net/bridge/bridge-nf-call-ip6tables': '1',
};

/** Why this machine cannot be a node now; null: it can. */
export async function strangersOnNetwork(): Promise<string | null> {
  for (const family of FAMILIES) {
    const saved = (await tryRun(`${family}-save`, [])) ?? '';
    if (/^:KUBE-/m.test(saved)) return `${family} has chains of another Kubernetes`;
  }
  return null;
}

/** Makes the bridge and sets the kernel, writing down in this folder what was set before. */
export async function setUpNetwork(folder: string): Promise<void> {
  const before: Record<string, string> = {};
  for (const [name, value] of Object.entries(SETTINGS)) {
    const was = readSetting(name);
    if (was === null) throw new Error(`the kernel has no ${name}: is br_netfilter loaded?`);
    before[name] = was;
    if (was !== value) writeFileSync(`/proc/sys/${name}`, value);
  }
  writeFileSync(settingsFile(folder), JSON.stringify(before));
  await run('ip', ['link', 'add', BRIDGE, 'type', 'bridge']);
  await run('ip', ['address', 'add', `${nodeAddresses.v4}/24`, 'dev', BRIDGE]);
  // Without `nodad` nothing can listen there for the first seconds.
  await run('ip', ['address', 'add', `${nodeAddresses.v6}/64`, 'dev', BRIDGE, 'nodad']);
  await run('ip', ['link', 'set', BRIDGE, 'up']);
}

/** Removes the bridge and our rules, and sets the kernel as it was. */
export async function tearDownNetwork(folder: string): Promise<void> {
  await tryRun('ip', ['link', 'delete', BRIDGE]);
  for (const family of FAMILIES) await removeRules(family);
  for (const [name, value] of Object.entries(readBefore(folder))) {
    if (readSetting(name) !== value) writeFileSync(`/proc/sys/${name}`, value);
  }
}

async function removeRules(family: (typeof FAMILIES)[number]): Promise<void> {
  const saved = await tryRun(`${family}-save`, []);
  const edits = saved === null ? '' : editsThatRemove(saved);
  if (edits !== '') await run(`${family}-restore`, ['--noflush'], edits);
}

/** What `iptables-restore --noflush` has to be told, from what `iptables-save` printed. */
export function editsThatRemove(saved: string): string {
  const tables: string[] = [];
  for (const table of saved.split(/^(?=\*)/m)) {
    const lines = table.split('\n');
    const chains = lines.flatMap((line) => /^:(\S+)/.exec(line)?.[1] ?? []);
    const own = chains.filter((chain) => OURS.test(chain));
    const rules = lines.filter((line) => line.startsWith('-A ') && !OURS.test(line.slice(3)));
    // What a comment says is no jump.
    const jumps = rules.filter((rule) => JUMP.test(rule.replace(/"[^"]*"/g, '')));
    if (own.length === 0 && jumps.length === 0) continue;
    tables.push(
      lines[0]!,
      ...jumps.map((rule) => rule.replace(/^-A/, '-D')),
      ...own.map((chain) => `-F ${chain}`),
      ...own.map((chain) => `-X ${chain}`),
      'COMMIT',
    );
  }
  return tables.length === 0 ? '' : `${tables.join('\n')}\n`;
}

function readSetting(name: string): string | null {
  try {
    return readFileSync(`/proc/sys/${name}`, 'utf8').trim();
  } catch {
    return null;
  }
}

function readBefore(folder: string): Record<string, string> {
  try {
    return JSON.parse(readFileSync(settingsFile(folder), 'utf8'));
  } catch {
    return {}; // It never came up.
  }
}

function settingsFile(folder: string): string {
  return join(folder, 'kernel-before.json');
}
