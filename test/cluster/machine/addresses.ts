/**
 * Every address and port of the one cluster, for both families of addresses.
 *
 * The node is the gateway of its pods' bridge, so that all of the cluster listens there and nothing
 * of it on the machine's own network. Ports are not the usual ones where the usual program may run
 * already: Debian starts an etcd when it installs one.
 *
 * Pure constants.
 */

export const NODE_NAME = 'node1';
export const BRIDGE = 'remora0';
/** Of the pods, and of what CNI keeps about them. */
export const POD_NETWORK = 'remora-pods';

export const nodeAddresses = { v4: '10.244.0.1', v6: 'fd00:10:244::1' } as const;
export const podRanges = { v4: '10.244.0.0/24', v6: 'fd00:10:244::/64' } as const;
export const serviceRanges = { v4: '10.96.0.0/16', v6: 'fd00:10:96::/112' } as const;
/** The first of the range: the API server's own Service. */
export const API_SERVICE_ADDRESS = '10.96.0.1';
export const DNS_SERVICE_ADDRESS = '10.96.0.10';

export const clusterPorts = {
  api: 16_443,
  etcd: 22_379,
  etcdPeer: 22_380,
  /** Of CoreDNS on the node; pods ask the Service at 53. */
  dns: 5_353,
  dnsReady: 8_181,
} as const;
