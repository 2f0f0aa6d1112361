/**
 * Every bound that no user sets (what users set has its maximum in `api/config`). Nothing in the
 * proxy grows without a name here. A default taken from another system names it.
 *
 * Pure constants. Relations between them are asserted below, at load.
 */
import assert from 'node:assert/strict';
import { wireLimits } from '@remora/api/wire.ts';

export const limits = {
  /** Requests that each role serves before the first real one. */
  warmUpRounds: 6,
  /** Without an end by then, the proxy starts all the same. */
  warmUpMsMax: 250,
  headBytesMax: 64 * 1024,
  /** First slab of a head; a longer one is grown up to `headBytesMax`. */
  headSlabBytes: 4 * 1024,
  headFieldsMax: 100,
  /** Beyond those: fields that proxies of a mesh add. What the first took the second must take. */
  addedFieldsMax: 16,
  /** One field line: what Apache (8190) and nginx (8k) take. */
  fieldBytesMax: 8 * 1024,
  targetBytesMax: 16 * 1024,
  /** Of HTTP/1.0, whose servers take less (gunicorn, IIS); RFC 9112 §3 asks for 8,000 of 1.1. */
  oldTargetBytesMax: 4 * 1024,
  methodBytesMax: 32,
  /** Slower heads are an attack or a dead peer. */
  headTimeoutMs: 10_000,
  /** After our last byte we read on this long, so that closing does not reset the answer. */
  lingerMs: 1_000,
  /** A kept-alive downstream without a request. */
  downstreamIdleTimeoutMs: 60_000,
  /** The upper bound of upstream reuse: below every server's common default. */
  upstreamIdleTimeoutMs: 30_000,
  trailerBytesMax: 8 * 1024,
  trailerFieldsMax: 32,
  chunkLineBytesMax: 256,
  interimAnswersMax: 8,
  /** Bytes of pipelined requests kept while one is being answered. */
  pipelineBytesMax: 64 * 1024,
  /** Writable bytes around what is read, for a chunk's frame. */
  chunkRoomBytes: 24,
  readBufferBytes: 64 * 1024,
  pumpBufferBytes: 128 * 1024,
  pumpBuffersFreeMax: 16,
  /** A head and what came with it fit; larger messages get a buffer of their own. */
  scratchBytes: 32 * 1024,
  /** A power of two. */
  scratchViews: 64,
  /** A power of two. */
  collectViews: 256,
  /** Reads from elsewhere, one after the other, until views are kept of that instead. */
  collectViewsMissesMax: 8,
  exchangesFreeMax: 1_024,
  mirrorBodyBytesMax: 64 * 1024,
  mirrorsMax: 256,
  mirrorTimeoutMs: 10_000,
  /** Linkerd's, towards the application beside us. */
  inboundConnectTimeoutMs: 300,
  /** Applications close idle connections after 5 s and more (Node's default). */
  inboundIdleTimeoutMs: 3_000,
  inboundConnectionsMax: 1_024,
  inboundWaitingMax: 1_024,
  downstreamsMax: 16_384,
  listenBacklog: 4_096,
  /** Idle connections closed at once when descriptors run out. */
  emfileIdleClosed: 64,
  /** How long a request waits for the first configuration of its destination. */
  firstConfigTimeoutMs: 500,
  waitingForConfigMax: 1_024,
  /** A stream carries 4,096 subscriptions, and one of them is the inbound's. */
  destinationsMax: 4_095,
  authorityBytesMax: 255,
  regexPatternMax: 512,
  /** Steps of a compiled pattern: what each character of a subject may cost at worst. */
  regexProgramMax: 2_000,
  /** Cached states of one pattern; the engine starts over beyond it. */
  regexStateBytesMax: 256 * 1024,
  /** Longer subjects match no pattern. */
  regexSubjectMax: 64 * 1024,
  /** Path patterns of one destination: each is tried until one matches. */
  pathRegexesMax: 256,
  ringPointsMax: 16_384,
  ringStepsMax: 16,
  drainTimeoutMs: 25_000,
  /** A drain goes on accepting until nobody new has come for so long. */
  drainLagMs: 150,
  /** And no longer than this, whoever comes. */
  drainLagMsMax: 5_000,
  /** The application needs no news, and knows no other proxy to go to. */
  drainExitLagMsMax: 1_000,
  /** A connection that brought nothing for so long is closed by a drain. */
  drainIdleMs: 250,
  /** The same while the application still serves: its callers are about to let go by themselves. */
  drainPeerIdleMs: 1_000,
  /** Of the time-out, kept for the application's own requests. */
  drainExitMs: 2_000,
  /** A destination that nobody asked for in so long is unsubscribed. */
  destinationIdleMs: 600_000,
  /** A backend that no destination names is closed after so long. */
  backendUnusedMs: 30_000,
  configReconnectMinMs: 100,
  /** A replica that goes leaves all of its proxies at once: they come back spread over this. */
  configReconnectFirstMs: 1_000,
  /** 250 of a thousand proxies a second; a change should not wait longer for one. */
  configReconnectMaxMs: 4_000,
  configConnectTimeoutMs: 5_000,
  /** A control plane that is slow for all of them must not be asked anew before it has answered. */
  configConnectTimeoutMsMax: 40_000,
  /** Work on configuration between two turns of the loop. */
  compileSliceMs: 1,
  lastGoodDelayMs: 250,
  snapshotBytesMax: 64 * 1024 * 1024,
  /** Where the file system tells of no changes. */
  snapshotPollMs: 5_000,
  /** Configuration is let go and series are dropped this often. */
  housekeepingMs: 60_000,
  /** Unread by the control plane: it is dropped. */
  controlUnsentBytesMax: 4 * 1024 * 1024,
  /** Series of one metric; what comes later shares one series named `_overflow`. */
  metricSeriesMax: 8_192,
  /** A series that nothing is bound to is dropped after this. */
  seriesIdleMs: 600_000,
  /** Status codes of one route and backend that get a series of their own. */
  statusSeriesMax: 64,
  logBufferBytesMax: 1024 * 1024,
  /** Answers of one window that an adaptive limit keeps per endpoint. */
  latencySamplesMax: 64,
  /** The one request that an open service breaker lets through lives so long at most. */
  breakerProbeMsMax: 1_000,
  /** First attempt and retries of one request: those tried are remembered, and not tried again. */
  attemptsMax: 11,
  /** A probe that has not reported by then is given up; its late report has no vote. */
  ejectionProbeMsMax: 60_000,
  /** A Retry-After beyond this is not waited for, and rules its endpoint out for no longer. */
  retryAfterMsMax: 10_000,
  /** A body that takes longer is a stream: it gives its place under the adaptive limit back. */
  streamSlotMs: 1_000,
  /** Backends of one rule: as many as a TrafficRoute may name. */
  ruleTargetsMax: 32,
  /** No status below it is a peer's refusal or may be retried. */
  retriedStatusMin: 400,
  /** Reuse of an idle upstream connection until its endpoint's time-out is known. */
  idleReuseFirstMs: 3_000,
  idleReuseFloorMs: 20,
  /** Without a close for so long, the limit is doubled. */
  idleReuseQuietMs: 60_000,
  idleClosesKept: 20,
  /** Over half the idle connections closing within this are a restart. */
  restartMs: 50,
  /** Resends beyond the budget are allowed once in so long: the budget's own window. */
  staleResendsMs: 10_000,
  /** The least between two sweeps of a pool's idle connections. */
  idleSweepMs: 16,
  adminConnectionsMax: 64,
  adminHeadBytesMax: 8 * 1024,
  adminBodyBytesMax: 1_024,
  adminTimeoutMs: 10_000,
  // Failing well: `resilience/`.
  /** Requests of the last so long earn retries. */
  budgetWindowMs: 10_000,
  /** Resends after dead idle connections, beside the retries that the configuration allows. */
  staleResendsMax: 1,
  /** A caller that leaves sooner says nothing about the service. */
  cancelMissMs: 250,
  /** An x-remora-deadline-ms beyond this, a day, is garbage. */
  deadlineMaxMs: 86_400_000,
  /** Traces whose deadline is known to outbound requests, and for how long. */
  deadlinesRememberedMax: 4_096,
  deadlineMemoryMs: 60_000,
  /** Callers of one rate limit with a bucket of their own; the rest share one. */
  rateLimitKeysMax: 4_096,
  /** Buckets looked at for one that can go. */
  rateLimitStepsMax: 8,
  /** Kubelet's probes of one port that no rate limit counts. It sends three a container at most. */
  probesPerSecondMax: 20,
  idempotencyKeyBytesMax: 256,
  /** Requests with an Idempotency-Key that are in flight or kept. */
  duplicatesMax: 4_096,
  /** Duplicates that wait for the same first request. */
  duplicateWaitersMax: 64,
  /** Of kept answers together; one of them is at most `replayBytesMax`, head and body. */
  duplicateBytesMax: 16 * 1024 * 1024,
  /** Of one request's body: Linkerd's. */
  replayBytesMax: 64 * 1024,
  /** Of all requests together. */
  replayTotalBytesMax: 16 * 1024 * 1024,
  replayBlockBytes: 16 * 1024,
  replayBlocksFreeMax: 64,
  // Seeing: `exchange/trail.ts`, `record.ts`.
  /** Of one request; of more, the last takes the place of the one before. */
  attemptsNotedMax: 8,
  /** Characters of a path, a name or a reason in a record. */
  recordTextMax: 1_024,
  /** Matches that are asked why they did not match. */
  nearestMatchesMax: 256,
  /** Records of requests that failed or were slow; a flood of failures leaves no more. */
  recordsPerSecondMax: 1_000,
  /** Traces that a callee marked, and for how long. */
  tracesMarkedMax: 4_096,
  traceMarkMs: 10_000,
  // Looking: `telemetry/record-store.ts`, `control/queries.ts`.
  /** Records of requests that failed, were slow or marked. */
  recordsKept: 512,
  recordBytesMax: 2 * 1024 * 1024,
  /** Records of sampled requests, and those that exist only because somebody tapped. */
  commonRecordsKept: 128,
  commonRecordBytesMax: 256 * 1024,
  /** Of one tap; one that is full asks for no more. */
  tapRecordsMax: 512,
  /** Of the control plane that wait for an answer here. */
  queriesMax: 32,
  /** An answer is not sent while so much waits on the stream: configuration comes first. */
  answersUnsentBytesMax: 2 * 1024 * 1024,
  // The access log: `telemetry/access-log.ts`.
  /** Its lines wait for each other so long, or for so many bytes. */
  logBatchMs: 20,
  logBatchBytes: 64 * 1024,
  /** Of what waits in the log: beyond it access lines are dropped, its own words are not. */
  accessBufferBytesMax: 768 * 1024,
  /** Of errors that nobody asked for: at 5 µs a line, 0.5% of a core. */
  accessLinesPerSecondMax: 1_000,
  /** Characters of a path, and of any other text, in a line; the rest is cut off and counted. */
  accessPathMax: 2_048,
  accessTextMax: 512,
  /** Orders to log what matches, at a time. */
  accessFiltersMax: 8,
  accessFilterMs: 60_000,
  accessFilterMsMax: 600_000,
  // Spans on their way to a collector: `telemetry/span-exporter.ts`.
  spanQueueMax: 2_048,
  /** As `span-exporter.ts` estimates them: a record is an object and its texts. */
  spanQueueBytesMax: 4 * 1024 * 1024,
  /** Records of one request to the collector, and where its text ends at the latest. */
  spanBatchMax: 128,
  spanBatchBytesMax: 512 * 1024,
  spanFlushMs: 1_000,
  /** Of one batch; then it is dropped. */
  spanTriesMax: 5,
  spanRetryMinMs: 500,
  spanRetryMaxMs: 8_000,
  /** A collector that asks for more is asked again after this. */
  spanRetryAfterMsMax: 30_000,
  /** From the first byte of a batch to the last of its answer. */
  spanAnswerTimeoutMs: 10_000,
  /** What is read of an answer's body. */
  spanAnswerBytesMax: 64 * 1024,
  /** A proxy that ends waits for its last spans no longer. */
  spanCloseMs: 1_000,
  /** One line of log about spans that do not get through in so long. */
  spanComplaintMs: 60_000,
  // In a pod: `control/control-dial.ts`, `admin/probe-page.ts`, `net/drain.ts`.
  /** Of an authority or a token. */
  trustFileCharsMax: 256 * 1024,
  /** Of a control plane's words where it refuses the stream. */
  refusalBytesMax: 512,
  /** A proxy that has heard nothing from its control plane in so long is ready all the same. */
  readyWithoutControlMs: 10_000,
  /** Probes of the application under way. */
  probesMax: 16,
  probeTimeoutMs: 1_000,
  probeTimeoutMsMax: 60_000,
  /** Of an application's answer to a gRPC probe. */
  probeAnswerBytesMax: 1_024,
  /** After POST /drain new connections are taken for so long: the pause injection gives the app. */
  drainNewsMs: 5_000,
  // Metrics: `telemetry/`, `admin/`.
  /** Series whose buckets each keep a sampled request. */
  exemplarSeriesMax: 1_024,
  /** The application's own metrics, where they are merged: its page, and the time it has for it. */
  appMetricsBytesMax: 4 * 1024 * 1024,
  appMetricsTimeoutMs: 2_000,
  /** Of those pages in memory: scrapers that read slowly hold theirs. */
  appPagesMax: 4,
  // Interception: `net/intercepted.ts`, `relay.ts`.
  /** Of a request line that is looked at to tell whether it is one: longer ones are refused 414. */
  sniffBytesMax: 16 * 1024 + 64,
  /** Who has said nothing for so long is dialled for: HTTP clients have spoken by then. */
  sniffDialMs: 10,
  /** Part of a request line and then silence for so long is no HTTP. */
  sniffSilenceMs: 200,
  /** Destinations whose servers were seen to speak first, and for how long that is believed. */
  serverFirstMax: 1_024,
  serverFirstMs: 600_000,
  /** What is passed through may be far away; the kernel alone would take two minutes. */
  relayConnectTimeoutMs: 10_000,
  /** Envoy's: pools of databases keep connections that long. */
  relayIdleMs: 3_600_000,
  /** What one read brings beyond this is not copied: its side gets a buffer of its own. */
  relayCopyBytesMax: 16 * 1024,
  /** Ports of the application that nobody configured and that were asked for. */
  inboundPortsMax: 64,
  /** The own addresses are looked up no more often. */
  ownAddressesMs: 1_000,
} as const;

// We must let go first, or a request races the peer's close and the retry is ours to explain.
assert(limits.upstreamIdleTimeoutMs < limits.downstreamIdleTimeoutMs);
assert(limits.idleReuseFirstMs <= limits.upstreamIdleTimeoutMs);
assert(limits.headSlabBytes <= limits.headBytesMax);
assert(limits.drainExitMs > limits.drainExitLagMsMax + limits.drainIdleMs);
assert(limits.drainLagMsMax + limits.drainExitMs < limits.drainTimeoutMs);
assert(limits.replayBytesMax % limits.replayBlockBytes === 0);
assert(limits.replayBytesMax <= limits.duplicateBytesMax);
// Answers alone must never have the stream dropped.
assert(limits.answersUnsentBytesMax + wireLimits.answerBytesMax < limits.controlUnsentBytesMax);
assert(limits.accessBufferBytesMax < limits.logBufferBytesMax);
assert(limits.accessFilterMs <= limits.accessFilterMsMax);
assert(limits.sniffBytesMax > limits.targetBytesMax + limits.methodBytesMax);
assert(limits.sniffDialMs < limits.sniffSilenceMs);
assert(limits.relayCopyBytesMax < limits.scratchBytes);
assert(limits.spanBatchMax <= limits.spanQueueMax);
