/**
 * How a sidecar's Node is started: image, injection, local mesh and bench use these, so that what
 * is measured is what runs.
 *
 * Measured after load, one hop, 50 connections: 31 MB private without, 18 MB with them (Envoy 18),
 * at the same CPU per request. docs/decisions/0006-node-flags.md has the table.
 *
 * Pure constants.
 */
export const proxyNodeFlags: readonly string[] = [
  '--disable-warning=ExperimentalWarning',
  // The middle compiler's code and its compile threads' memory cost 9 MB; the hot path is small
  // enough to go from bytecode to the optimizing one.
  '--no-maglev',
  // A request's garbage is a few hundred bytes: a small nursery stays in the cache.
  '--max-semi-space-size=1',
];

/**
 * How the control plane's Node is started. With 1,000 proxies that come at once its nursery grew to
 * 67 MB, beside 43 MB of what lives.
 */
export const controlNodeFlags: readonly string[] = [
  '--disable-warning=ExperimentalWarning',
  '--no-maglev',
  '--max-semi-space-size=2',
];

/**
 * The control plane's. One heap for malloc: an arena for each helper thread keeps what it once
 * needed.
 */
export const controlNodeEnvironment: Readonly<Record<string, string>> = { MALLOC_ARENA_MAX: '1' };

/**
 * A sidecar's. The optimizer works in pieces of 32 KiB: mapped by themselves they go back to the
 * kernel, where in the heap they leave holes. No request allocates as much.
 */
export const proxyNodeEnvironment: Readonly<Record<string, string>> = {
  ...controlNodeEnvironment,
  MALLOC_MMAP_THRESHOLD_: '16384',
};
