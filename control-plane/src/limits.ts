/**
 * Every bound of the control plane that no user sets. Nothing here grows without a name. The
 * stream's own bounds stand in `@remora/api/wire.ts`, because both ends must agree on them.
 *
 * Pure constants.
 */

/** Files read from the folder; what is over is reported, not read. */
export const filesMax = 2_000;
export const folderDepthMax = 16;
export const fileBytesMax = 4 * 1024 * 1024;
export const objectsMax = 20_000;
/** Mistakes kept for the views; the first ones are the ones to mend. */
export const problemsMax = 1_000;
/** Aliases that one YAML document may expand to: the answer to a "billion laughs". */
export const yamlAliasesMax = 100;
export const regexPatternMax = 512;
/** An editor writes in several steps; what is quiet for this long is one change. */
export const settleMs = 30;
/** A file that never settles is read all the same. */
export const settleMsMax = 120;
/** The fallback where file events are lost (network file systems, full event queues). */
export const pollMs = 2_000;
export const proxiesMax = 4_096;
export const proxyNameMax = 253;
/** Bytes handed to a socket that its peer has not taken; beyond, the newest put waits here. */
export const unsentBytesMax = 256 * 1024;
/** Queries that proxies have not answered yet; a page that would be over is refused. */
export const queriesMax = 8_192;
/** Of the records in one page: each proxy's answer is bounded, a thousand proxies' are not. */
export const recordsPageBytesMax = 8 * 1024 * 1024;
/** Why a proxy has no answer, in its words. */
export const whyMax = 1_024;
/** Statuses that are being written at a time. */
export const statusWritesMax = 8;
/** One object's status is written no more often; the newest waits. */
export const statusEveryMs = 250;
/** The same, where only counts moved. */
export const statusCountsMs = 1_000;
export const statusRetryMsMax = 30_000;
/** Of what is wanted, worked out anew after changes. */
export const statusPassMs = 250;
/** How often other replicas are told what changed in acknowledgements. */
export const ackFeedMs = 100;
export const ackFeedsMax = 8;
/** Of one object, refusals that are told on; the count is whole. */
export const ackRefusalsMax = 3;
export const ackLineBytesMax = 64 * 1024;
export const peerRetryMs = 1_000;
/** Of a feed: an empty line comes more often. */
export const peerSilenceMs = 30_000;
/** Rules whose split is remembered, over two windows of this length. */
export const splitsMax = 4_096;
export const splitWindowMs = 15_000;
/** Events that come together are one new world. */
export const foldMs = 10;
export const foldMsMax = 500;
export const webhookLookMs = 5_000;
/** How often pods without a sidecar are looked for. */
export const uninjectedLookMs = 5_000;

// The API server, in kube/.
export const kubeConnectTimeoutMs = 5_000;
/** From a request to the head of its answer, and between two pieces of a body. */
export const kubeHeadTimeoutMs = 30_000;
/** A call with all its attempts, where the caller names no other deadline. */
export const kubeCallTimeoutMs = 15_000;
/** One page of a list with all its attempts: large ones come slowly from a loaded server. */
export const kubeListTimeoutMs = 60_000;
export const kubeIdleTimeoutMs = 30_000;
export const kubeKeepAliveMs = 10_000;
/** At once; further calls wait for one. A thousand proxies that reconnect are in here. */
export const kubeConnectionsMax = 8;
export const kubeCallsMax = 8_192;
export const kubeAttemptsMax = 4;
export const kubeRetryAfterMsMax = 30_000;
export const kubeWatchesMax = 32;
export const kubeResponseBytesMax = 32 * 1024 * 1024;
export const kubePageObjects = 250;
/** Pages grow up to here where lists expire before their end. */
export const kubePageObjectsMax = 4_000;
/** Of one kind. */
export const kubeObjectsMax = 100_000;
export const kubeTokenAgeMsMax = 60_000;
/** A server ends a watch after this to twice this: spread, so that they don't end together. */
export const kubeWatchSecondsMin = 300;
/** Bookmarks come once a minute; a watch without a byte for this long is opened again. */
export const kubeStallMs = 90_000;
/** A stream that lives so long has earned that the next one is opened at once. */
export const kubeSteadyMs = 5_000;
export const kubeResumesMax = 5;
/** How often it is asked whether a kind that may be missing is there by now. */
export const kubeAbsentMs = 10_000;
/** One object with its envelope: storage takes 1.5 MiB, and JSON escapes. */
export const kubeLineBytesMax = 8 * 1024 * 1024;
/** A Lease that nobody renewed for so long may be taken. */
export const leaseMs = 10_000;
export const leaseRenewMs = 2_000;
/** A leader that could not renew for so long stops writing: before another may take over. */
export const leaseTrustMs = 8_000;
export const leaseCallMs = 4_000;
/** Another's promise is believed up to here. */
export const leaseMsMax = 60_000;
export const tokenBytesMax = 16 * 1024;
export const tokenReviewsMax = 8_192;
export const tokenReviewMs = 5 * 60_000;
export const tokenRefusalMs = 10_000;
/** Of Kubernetes events: same object and reason at most once in this time. */
export const eventRepeatMs = 60_000;
export const eventKeysMax = 2_000;
export const eventsUnderWayMax = 64;
/** The API's own bound. */
export const eventNoteMax = 1_024;
/** Webhooks: an object is at most 3 MiB or so, and an update brings the old one along. */
export const reviewBytesMax = 8 * 1024 * 1024;
/** Of all reviews that are being read. */
export const reviewsBytesMax = 32 * 1024 * 1024;
/** Reviews being read or judged; over it the API server is told to try another replica. */
export const reviewsMax = 64;
export const reviewConnectionsMax = 256;
/** From a connection's head to the end of its body; the API server itself waits up to 30 s. */
export const reviewReadMs = 10_000;
export const reviewJudgeMs = 8_000;
/** TLS handshakes of strangers. */
export const handshakeMs = 5_000;
export const reviewIdleMs = 120_000;
/** Of one object, in a refusal. */
export const mistakesShownMax = 16;
/** Log lines: most of what a webhook is sent can be sent by anybody. */
export const reviewLinesPerSecond = 20;
/** Of one refusal and of one warning: over 256 the API server may cut it, over 4096 drop it. */
export const refusalBytesMax = 8 * 1024;
export const warningBytesMax = 256;
export const warningsBytesMax = 4_096;
/** How often it is looked whether the serving certificate is at half its life. */
export const certificateLookMs = 60_000;
