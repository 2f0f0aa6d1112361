/**
 * Every bound that no user sets (what users set has its maximum in `api/config`). Nothing in the
 * proxy grows without a name here. A default taken from another system names it.
 *
 * Each is an export, read as `limits.x` of `import * as limits`, so that a bundle has the number
 * where it stands. As one object, which a bundle makes of `const { x } = limits` too, they are a
 * hash table to V8 (128 members and more), looked up each time: 4% of what a request cost.
 *
 * Pure constants. Relations between them are asserted below, at load.
 */
import assert from 'node:assert/strict';
import { wireLimits } from '@remora/api/wire.ts';

/** Requests that each role serves before the first real one. */
export const warmUpRounds = 6;
/** Without an end by then, the proxy starts all the same. */
export const warmUpMsMax = 250;
export const headBytesMax = 64 * 1024;
/** First slab of a head; a longer one is grown up to `headBytesMax`. */
export const headSlabBytes = 4 * 1024;
export const headFieldsMax = 100;
/** Beyond those: fields that proxies of a mesh add. What the first took the second must take. */
export const addedFieldsMax = 16;
/** One field line: what Apache (8190) and nginx (8k) take. */
export const fieldBytesMax = 8 * 1024;
export const targetBytesMax = 16 * 1024;
/** Of HTTP/1.0, whose servers take less (gunicorn, IIS); RFC 9112 §3 asks for 8,000 of 1.1. */
export const oldTargetBytesMax = 4 * 1024;
export const methodBytesMax = 32;
/** Slower heads are an attack or a dead peer. */
export const headTimeoutMs = 10_000;
/** After our last byte we read on this long, so that closing does not reset the answer. */
export const lingerMs = 1_000;
/** A kept-alive downstream without a request. */
export const downstreamIdleTimeoutMs = 60_000;
/** The upper bound of upstream reuse: below every server's common default. */
export const upstreamIdleTimeoutMs = 30_000;
export const trailerBytesMax = 8 * 1024;
export const trailerFieldsMax = 32;
export const chunkLineBytesMax = 256;
export const interimAnswersMax = 8;
/** Bytes of pipelined requests kept while one is being answered. */
export const pipelineBytesMax = 64 * 1024;
/** Writable bytes around what is read, for a chunk's frame. */
export const chunkRoomBytes = 24;
export const readBufferBytes = 64 * 1024;
export const pumpBufferBytes = 128 * 1024;
export const pumpBuffersFreeMax = 16;
/** A head and a whole read that came with it fit; larger messages get a buffer of their own. */
export const scratchBytes = readBufferBytes + 8 * 1024;
/** A power of two. */
export const scratchViews = 64;
/** A power of two. */
export const collectViews = 256;
/** Reads from elsewhere, one after the other, until views are kept of that instead. */
export const collectViewsMissesMax = 8;
export const exchangesFreeMax = 1_024;
export const mirrorBodyBytesMax = 64 * 1024;
export const mirrorsMax = 256;
export const mirrorTimeoutMs = 10_000;
/** Linkerd's, towards the application beside us. */
export const inboundConnectTimeoutMs = 300;
/** Applications close idle connections after 5 s and more (Node's default). */
export const inboundIdleTimeoutMs = 3_000;
export const inboundConnectionsMax = 1_024;
export const inboundWaitingMax = 1_024;
export const downstreamsMax = 16_384;
export const listenBacklog = 4_096;
/** Idle connections closed at once when descriptors run out. */
export const emfileIdleClosed = 64;
/** How long a request waits for the first configuration of its destination. */
export const firstConfigTimeoutMs = 500;
export const waitingForConfigMax = 1_024;
/** A stream carries 4,096 subscriptions, and one of them is the inbound's. */
export const destinationsMax = 4_095;
export const authorityBytesMax = 255;
export const regexPatternMax = 512;
/** Steps of a compiled pattern: what each character of a subject may cost at worst. */
export const regexProgramMax = 2_000;
/** Cached states of one pattern; the engine starts over beyond it. */
export const regexStateBytesMax = 256 * 1024;
/** Longer subjects match no pattern. */
export const regexSubjectMax = 64 * 1024;
/** Path patterns of one destination: each is tried until one matches. */
export const pathRegexesMax = 256;
export const ringPointsMax = 16_384;
export const ringStepsMax = 16;
export const drainTimeoutMs = 25_000;
/** A drain goes on accepting until nobody new has come for so long. */
export const drainLagMs = 150;
/** And no longer than this, whoever comes. */
export const drainLagMsMax = 5_000;
/** The application needs no news, and knows no other proxy to go to. */
export const drainExitLagMsMax = 1_000;
/** A connection that brought nothing for so long is closed by a drain. */
export const drainIdleMs = 250;
/** The same while the application still serves: its callers are about to let go by themselves. */
export const drainPeerIdleMs = 1_000;
/** Of the time-out, kept for the application's own requests. */
export const drainExitMs = 2_000;
/** A destination that nobody asked for in so long is unsubscribed. */
export const destinationIdleMs = 600_000;
/** A backend that no destination names is closed after so long. */
export const backendUnusedMs = 30_000;
export const configReconnectMinMs = 100;
/** A replica that goes leaves all of its proxies at once: they come back spread over this. */
export const configReconnectFirstMs = 1_000;
/** 250 of a thousand proxies a second; a change should not wait longer for one. */
export const configReconnectMaxMs = 4_000;
export const configConnectTimeoutMs = 5_000;
/** A control plane that is slow for all of them must not be asked anew before it has answered. */
export const configConnectTimeoutMsMax = 40_000;
/** Work on configuration between two turns of the loop. */
export const compileSliceMs = 1;
export const lastGoodDelayMs = 250;
export const snapshotBytesMax = 64 * 1024 * 1024;
/** Where the file system tells of no changes. */
export const snapshotPollMs = 5_000;
/** Configuration is let go and series are dropped this often. */
export const housekeepingMs = 60_000;
/** Unread by the control plane: it is dropped. */
export const controlUnsentBytesMax = 4 * 1024 * 1024;
/** Series of one metric; what comes later shares one series named `_overflow`. */
export const metricSeriesMax = 8_192;
/** A series that nothing is bound to is dropped after this. */
export const seriesIdleMs = 600_000;
/** Status codes of one route and backend that get a series of their own. */
export const statusSeriesMax = 64;
export const logBufferBytesMax = 1024 * 1024;
/** A log whose reader has gone is not written for so long. */
export const logReaderGoneMs = 1_000;
/** Answers of one window that an adaptive limit keeps per endpoint. */
export const latencySamplesMax = 64;
/** The one request that an open service breaker lets through lives so long at most. */
export const breakerProbeMsMax = 1_000;
/** First attempt and retries of one request: those tried are remembered, and not tried again. */
export const attemptsMax = 11;
/** A probe that has not reported by then is given up; its late report has no vote. */
export const ejectionProbeMsMax = 60_000;
/** A Retry-After beyond this is not waited for, and rules its endpoint out for no longer. */
export const retryAfterMsMax = 10_000;
/** A body that takes longer is a stream: it gives its place under the adaptive limit back. */
export const streamSlotMs = 1_000;
/** Backends of one rule: as many as a TrafficRoute may name. */
export const ruleTargetsMax = 32;
/** No status below it is a peer's refusal or may be retried. */
export const retriedStatusMin = 400;
/** Reuse of an idle upstream connection until its endpoint's time-out is known. */
export const idleReuseFirstMs = 3_000;
export const idleReuseFloorMs = 20;
/** Without a close for so long, the limit is doubled. */
export const idleReuseQuietMs = 60_000;
export const idleClosesKept = 20;
/** Over half the idle connections closing within this are a restart. */
export const restartMs = 50;
/** Resends beyond the budget are allowed once in so long: the budget's own window. */
export const staleResendsMs = 10_000;
/** The least between two sweeps of a pool's idle connections. */
export const idleSweepMs = 16;
export const adminConnectionsMax = 64;
export const adminHeadBytesMax = 8 * 1024;
export const adminBodyBytesMax = 1_024;
export const adminTimeoutMs = 10_000;
// Failing well: `resilience/`.
/** Requests of the last so long earn retries. */
export const budgetWindowMs = 10_000;
/** Resends after dead idle connections, beside the retries that the configuration allows. */
export const staleResendsMax = 1;
/** A caller that leaves sooner says nothing about the service. */
export const cancelMissMs = 250;
/** An x-remora-deadline-ms beyond this, a day, is garbage. */
export const deadlineMaxMs = 86_400_000;
/** Traces whose deadline is known to outbound requests, and for how long. */
export const deadlinesRememberedMax = 4_096;
export const deadlineMemoryMs = 60_000;
/** Callers of one rate limit with a bucket of their own; the rest share one. */
export const rateLimitKeysMax = 4_096;
/** Buckets looked at for one that can go. */
export const rateLimitStepsMax = 8;
/** Kubelet's probes of one port that no rate limit counts. It sends three a container at most. */
export const probesPerSecondMax = 20;
export const idempotencyKeyBytesMax = 256;
/** Requests with an Idempotency-Key that are in flight or kept. */
export const duplicatesMax = 4_096;
/** Duplicates that wait for the same first request. */
export const duplicateWaitersMax = 64;
/** Of kept answers together; one of them is at most `replayBytesMax`, head and body. */
export const duplicateBytesMax = 16 * 1024 * 1024;
/** Of one request's body: Linkerd's. */
export const replayBytesMax = 64 * 1024;
/** Of all requests together. */
export const replayTotalBytesMax = 16 * 1024 * 1024;
export const replayBlockBytes = 16 * 1024;
export const replayBlocksFreeMax = 64;
// Seeing: `exchange/trail.ts`, `record.ts`.
/** Of one request; of more, the last takes the place of the one before. */
export const attemptsNotedMax = 8;
/** Characters of a path, a name or a reason in a record. */
export const recordTextMax = 1_024;
/** Matches that are asked why they did not match. */
export const nearestMatchesMax = 256;
/** Records of requests that failed or were slow; a flood of failures leaves no more. */
export const recordsPerSecondMax = 1_000;
/** Traces that a callee marked, and for how long. */
export const tracesMarkedMax = 4_096;
export const traceMarkMs = 10_000;
/** Sampled requests whose records are made when somebody reads them: `held-requests.ts`. */
export const heldRequestsMax = 192;
/** One with a longer head leaves its record at once. */
export const heldHeadBytesMax = 2_048;
/** Where all of them wait for the exporter, it makes so many records before the next is held. */
export const heldRequestsTaken = 32;
// Looking: `telemetry/record-store.ts`, `control/queries.ts`.
/** Records of requests that failed, were slow or marked. */
export const recordsKept = 512;
export const recordBytesMax = 2 * 1024 * 1024;
/** Records that exist only because somebody tapped, and of sampled requests that can't be held. */
export const commonRecordsKept = 128;
export const commonRecordBytesMax = 256 * 1024;
/** Of one tap; one that is full asks for no more. */
export const tapRecordsMax = 512;
/** Of the control plane that wait for an answer here. */
export const queriesMax = 32;
/** An answer is not sent while so much waits on the stream: configuration comes first. */
export const answersUnsentBytesMax = 2 * 1024 * 1024;
// The access log: `telemetry/access-log.ts`.
/** Its lines wait for each other so long (Envoy: 10 s), or for so many bytes. */
export const logBatchMs = 200;
export const logBatchBytes = 64 * 1024;
/** Lines held before they are laid, of together so many bytes of texts. */
export const accessHeldMax = 64;
export const accessHeldTextBytes = 32 * 1024;
/** Of one line: its fields' names, its numbers, and what configuration names. */
export const accessFixedBytesMax = 2_048;
/** Of what waits in the log: beyond it access lines are dropped, its own words are not. */
export const accessBufferBytesMax = 768 * 1024;
/** Of errors that nobody asked for: at 5 µs a line, 0.5% of a core. */
export const accessLinesPerSecondMax = 1_000;
/** Characters of a path, and of any other text, in a line; the rest is cut off and counted. */
export const accessPathMax = 2_048;
export const accessTextMax = 512;
/** Orders to log what matches, at a time. */
export const accessFiltersMax = 8;
export const accessFilterMs = 60_000;
export const accessFilterMsMax = 600_000;
// Spans on their way to a collector: `telemetry/span-exporter.ts`.
export const spanQueueMax = 2_048;
/** As `span-exporter.ts` estimates them: a record is an object and its texts. */
export const spanQueueBytesMax = 4 * 1024 * 1024;
/** Records of one request to the collector, and where its text ends at the latest. */
export const spanBatchMax = 128;
export const spanBatchBytesMax = 512 * 1024;
export const spanFlushMs = 1_000;
/** Of one batch; then it is dropped. */
export const spanTriesMax = 5;
export const spanRetryMinMs = 500;
export const spanRetryMaxMs = 8_000;
/** A collector that asks for more is asked again after this. */
export const spanRetryAfterMsMax = 30_000;
/** From the first byte of a batch to the last of its answer. */
export const spanAnswerTimeoutMs = 10_000;
/** What is read of an answer's body. */
export const spanAnswerBytesMax = 64 * 1024;
/** A proxy that ends waits for its last spans no longer. */
export const spanCloseMs = 1_000;
/** One line of log about spans that do not get through in so long. */
export const spanComplaintMs = 60_000;
// In a pod: `control/control-dial.ts`, `admin/probe-page.ts`, `net/drain.ts`.
/** Of an authority or a token. */
export const trustFileCharsMax = 256 * 1024;
/** Of a control plane's words where it refuses the stream. */
export const refusalBytesMax = 512;
/** A proxy that has heard nothing from its control plane in so long is ready all the same. */
export const readyWithoutControlMs = 10_000;
/** Probes of the application under way. */
export const probesMax = 16;
export const probeTimeoutMs = 1_000;
export const probeTimeoutMsMax = 60_000;
/** Of an application's answer to a gRPC probe. */
export const probeAnswerBytesMax = 1_024;
/** After POST /drain new connections are taken for so long: the pause injection gives the app. */
export const drainNewsMs = 5_000;
// Metrics: `telemetry/`, `admin/`.
/** Series whose buckets each keep a sampled request. */
export const exemplarSeriesMax = 1_024;
/** A sampled request takes no bucket's exemplar that is younger: who scrapes asks no sooner. */
export const exemplarFreshSeconds = 1;
/** The application's own metrics, where they are merged: its page, and the time it has for it. */
export const appMetricsBytesMax = 4 * 1024 * 1024;
export const appMetricsTimeoutMs = 2_000;
/** Of those pages in memory: scrapers that read slowly hold theirs. */
export const appPagesMax = 4;
// Interception: `net/intercepted.ts`, `relay.ts`.
/** Of a request line that is looked at to tell whether it is one: longer ones are refused 414. */
export const sniffBytesMax = 16 * 1024 + 64;
/** Who has said nothing for so long is dialled for: HTTP clients have spoken by then. */
export const sniffDialMs = 10;
/** Part of a request line and then silence for so long is no HTTP. */
export const sniffSilenceMs = 200;
/** Destinations whose servers were seen to speak first, and for how long that is believed. */
export const serverFirstMax = 1_024;
export const serverFirstMs = 600_000;
/** What is passed through may be far away; the kernel alone would take two minutes. */
export const relayConnectTimeoutMs = 10_000;
/** Envoy's: pools of databases keep connections that long. */
export const relayIdleMs = 3_600_000;
/** What one read brings beyond this is not copied: its side gets a buffer of its own. */
export const relayCopyBytesMax = 16 * 1024;
/** Ports of the application that nobody configured and that were asked for. */
export const inboundPortsMax = 64;
/** The own addresses are looked up no more often. */
export const ownAddressesMs = 1_000;

// We must let go first, or a request races the peer's close and the retry is ours to explain.
assert(upstreamIdleTimeoutMs < downstreamIdleTimeoutMs);
assert(idleReuseFirstMs <= upstreamIdleTimeoutMs);
assert(headSlabBytes <= headBytesMax);
assert(drainExitMs > drainExitLagMsMax + drainIdleMs);
assert(drainLagMsMax + drainExitMs < drainTimeoutMs);
assert(replayBytesMax % replayBlockBytes === 0);
assert(replayBytesMax <= duplicateBytesMax);
// Answers alone must never have the stream dropped.
assert(answersUnsentBytesMax + wireLimits.answerBytesMax < controlUnsentBytesMax);
// The log's own words have room beside all access lines.
assert(
  accessBufferBytesMax + accessHeldMax * accessFixedBytesMax + accessHeldTextBytes <
    logBufferBytesMax,
);
assert(accessFilterMs <= accessFilterMsMax);
assert(sniffBytesMax > targetBytesMax + methodBytesMax);
assert(sniffDialMs < sniffSilenceMs);
assert(relayCopyBytesMax < scratchBytes);
assert(spanBatchMax <= spanQueueMax);
// A batch leaves before any of them has to be made early.
assert(spanBatchMax < heldRequestsMax);
