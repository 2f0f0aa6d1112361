/**
 * Every bound of the control plane that no user sets. Nothing here grows without a name. The
 * stream's own bounds stand in `@remora/api/wire.ts`, because both ends must agree on them.
 *
 * Pure constants.
 */

export const limits = {
  /** Files read from the folder; what is over is reported, not read. */
  filesMax: 2_000,
  folderDepthMax: 16,
  fileBytesMax: 4 * 1024 * 1024,
  objectsMax: 20_000,
  /** Mistakes kept for the views; the first ones are the ones to mend. */
  problemsMax: 1_000,
  /** Aliases that one YAML document may expand to: the answer to a "billion laughs". */
  yamlAliasesMax: 100,
  regexPatternMax: 512,
  /** An editor writes in several steps; what is quiet for this long is one change. */
  settleMs: 30,
  /** A file that never settles is read all the same. */
  settleMsMax: 120,
  /** The fallback where file events are lost (network file systems, full event queues). */
  pollMs: 2_000,
  proxiesMax: 4_096,
  proxyNameMax: 253,
  /** Bytes handed to a socket that its peer has not taken; beyond, the newest put waits here. */
  unsentBytesMax: 256 * 1024,
  /** Queries that proxies have not answered yet; a page that would be over is refused. */
  queriesMax: 8_192,
  /** Of the records in one page: each proxy's answer is bounded, a thousand proxies' are not. */
  recordsPageBytesMax: 8 * 1024 * 1024,
  /** Why a proxy has no answer, in its words. */
  whyMax: 1_024,
  /** Webhooks: an object is at most 3 MiB or so, and an update brings the old one along. */
  reviewBytesMax: 8 * 1024 * 1024,
  /** Reviews being read or judged; over it the API server is told to try another replica. */
  reviewsMax: 64,
  reviewConnectionsMax: 256,
  /** From a connection's head to the end of its body; the API server itself waits up to 30 s. */
  reviewReadMs: 10_000,
  reviewJudgeMs: 8_000,
  /** TLS handshakes of strangers. */
  handshakeMs: 5_000,
  reviewIdleMs: 120_000,
  /** Of one refusal and of one warning: over 256 the API server may cut it, over 4096 drop it. */
  refusalBytesMax: 8 * 1024,
  warningBytesMax: 256,
  warningsBytesMax: 4_096,
} as const;
