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
  /** Statuses that are being written at a time. */
  statusWritesMax: 8,
  /** One object's status is written no more often; the newest waits. */
  statusEveryMs: 250,
  /** The same, where only counts moved. */
  statusCountsMs: 1_000,
  statusRetryMsMax: 30_000,
  /** Of what is wanted, worked out anew after changes. */
  statusPassMs: 250,
  /** How often other replicas are told what changed in acknowledgements. */
  ackFeedMs: 100,
  ackFeedsMax: 8,
  /** Of one object, refusals that are told on; the count is whole. */
  ackRefusalsMax: 3,
  ackLineBytesMax: 64 * 1024,
  peerRetryMs: 1_000,
  /** Of a feed: an empty line comes more often. */
  peerSilenceMs: 30_000,
  /** Rules whose split is remembered, over two windows of this length. */
  splitsMax: 4_096,
  splitWindowMs: 15_000,
  /** Events that come together are one new world. */
  foldMs: 10,
  foldMsMax: 500,
  webhookLookMs: 5_000,
  /** How often pods without a sidecar are looked for. */
  uninjectedLookMs: 5_000,

  // The API server, in kube/.
  kubeConnectTimeoutMs: 5_000,
  /** From a request to the head of its answer, and between two pieces of a body. */
  kubeHeadTimeoutMs: 30_000,
  /** A call with all its attempts, where the caller names no other deadline. */
  kubeCallTimeoutMs: 15_000,
  /** One page of a list with all its attempts: large ones come slowly from a loaded server. */
  kubeListTimeoutMs: 60_000,
  kubeIdleTimeoutMs: 30_000,
  kubeKeepAliveMs: 10_000,
  /** At once; further calls wait for one. A thousand proxies that reconnect are in here. */
  kubeConnectionsMax: 8,
  kubeCallsMax: 8_192,
  kubeAttemptsMax: 4,
  kubeRetryAfterMsMax: 30_000,
  kubeWatchesMax: 32,
  kubeResponseBytesMax: 32 * 1024 * 1024,
  kubePageObjects: 250,
  /** Pages grow up to here where lists expire before their end. */
  kubePageObjectsMax: 4_000,
  /** Of one kind. */
  kubeObjectsMax: 100_000,
  kubeTokenAgeMsMax: 60_000,
  /** A server ends a watch after this to twice this: spread, so that they don't end together. */
  kubeWatchSecondsMin: 300,
  /** Bookmarks come once a minute; a watch without a byte for this long is opened again. */
  kubeStallMs: 90_000,
  /** A stream that lives so long has earned that the next one is opened at once. */
  kubeSteadyMs: 5_000,
  kubeResumesMax: 5,
  /** How often it is asked whether a kind that may be missing is there by now. */
  kubeAbsentMs: 10_000,
  /** One object with its envelope: storage takes 1.5 MiB, and JSON escapes. */
  kubeLineBytesMax: 8 * 1024 * 1024,
  /** A Lease that nobody renewed for so long may be taken. */
  leaseMs: 10_000,
  leaseRenewMs: 2_000,
  /** A leader that could not renew for so long stops writing: before another may take over. */
  leaseTrustMs: 8_000,
  leaseCallMs: 4_000,
  /** Another's promise is believed up to here. */
  leaseMsMax: 60_000,
  tokenBytesMax: 16 * 1024,
  tokenReviewsMax: 8_192,
  tokenReviewMs: 5 * 60_000,
  tokenRefusalMs: 10_000,
  /** Of Kubernetes events: same object and reason at most once in this time. */
  eventRepeatMs: 60_000,
  eventKeysMax: 2_000,
  eventsUnderWayMax: 64,
  /** The API's own bound. */
  eventNoteMax: 1_024,
  /** Webhooks: an object is at most 3 MiB or so, and an update brings the old one along. */
  reviewBytesMax: 8 * 1024 * 1024,
  /** Of all reviews that are being read. */
  reviewsBytesMax: 32 * 1024 * 1024,
  /** Reviews being read or judged; over it the API server is told to try another replica. */
  reviewsMax: 64,
  reviewConnectionsMax: 256,
  /** From a connection's head to the end of its body; the API server itself waits up to 30 s. */
  reviewReadMs: 10_000,
  reviewJudgeMs: 8_000,
  /** TLS handshakes of strangers. */
  handshakeMs: 5_000,
  reviewIdleMs: 120_000,
  /** Of one object, in a refusal. */
  mistakesShownMax: 16,
  /** Log lines: most of what a webhook is sent can be sent by anybody. */
  reviewLinesPerSecond: 20,
  /** Of one refusal and of one warning: over 256 the API server may cut it, over 4096 drop it. */
  refusalBytesMax: 8 * 1024,
  warningBytesMax: 256,
  warningsBytesMax: 4_096,
  /** How often it is looked whether the serving certificate is at half its life. */
  certificateLookMs: 60_000,
} as const;
