/**
 * Whether this machine can be a node of a cluster, in one sentence for whoever has to skip.
 *
 * Asked before anything is touched. What can be installed or built is not asked here: that is
 * tried, and says its own reason.
 *
 * Called by `scripts/cluster.ts` and `scripts/test-cluster.ts`.
 */
import { accessSync, constants, readFileSync } from 'node:fs';
import { isGoHere } from '../../../scripts/go-command.ts';
import { missingPackages } from './debian.ts';
import { findProgram } from './places.ts';
import { CLUSTER_PROGRAMS, unbuilt } from './programs.ts';

/** Why there can be no cluster here; null: there can. */
export function whyNoCluster(): string | null {
  if (process.platform !== 'linux')
    return `pods are Linux processes, and this is ${process.platform}`;
  if (process.getuid?.() !== 0) return 'a node makes networks and mounts, which takes root';
  const packages = missingPackages();
  if (packages.length > 0 && findProgram('apt-get') === null) {
    return `${packages.join(', ')} would have to be installed, and this is no Debian`;
  }
  const programs = unbuilt(CLUSTER_PROGRAMS);
  if (programs.length > 0 && !isGoHere()) {
    return `${programs.join(', ')} would have to be built, and there is no Go`;
  }
  return whyNoNetwork();
}

/** A container without these rights has root's name only. */
function whyNoNetwork(): string | null {
  try {
    accessSync('/proc/sys/net/ipv4/ip_forward', constants.W_OK);
    readFileSync('/proc/sys/net/bridge/bridge-nf-call-iptables');
    return null;
  } catch {
    return 'forwarding cannot be set here, or br_netfilter is not loaded: modprobe br_netfilter';
  }
}
