/**
 * GET /probe/tcp/PORT and /probe/grpc/PORT?service=NAME: whether the application is well.
 *
 * For kubelet. A TCP probe of a redirected port would reach this proxy, which always accepts, and
 * prove nothing; so injection sends it here, and the proxy dials the application itself, where
 * kubelet would have: at the pod's own address, the one that kubelet called. Only ports that were
 * named at start are tried, or the page would scan the pod for whoever can reach it. Works on in a
 * drain: until the application has gone it is probed.
 *
 * The pages are listed in `server.ts`; `proxy.ts` makes the one `Probes`.
 */
import type { Head } from '../http1/head.ts';
import * as limits from '../limits.ts';
import { probeGrpc } from './grpc-probe.ts';
import { type Page, queryOf } from './page.ts';
import type { PageAnswer } from './page-answer.ts';
import { probeTcp } from './tcp-probe.ts';

/** What may be tried. */
export interface ProbeTargets {
  readonly ports: ReadonlySet<number>;
  /** Null: the address that the probe came to. */
  readonly host: string | null;
}

export interface ProbeTarget {
  readonly host: string;
  readonly port: number;
  /** Of a gRPC probe; empty: the server as a whole. */
  readonly service: string;
}

/** Resolves with null where all is well, else with the reason why not. Never rejects. */
type Probe = (target: ProbeTarget, signal: AbortSignal) => Promise<string | null>;

export class Probes {
  readonly #targets: ProbeTargets;
  #underWay = 0;

  constructor(targets: ProbeTargets) {
    this.#targets = targets;
  }

  async answer(probe: Probe, name: string, answer: PageAnswer, head: Head): Promise<void> {
    const query = new URLSearchParams(queryOf(head));
    const port = Number(name);
    if (!this.#targets.ports.has(port)) {
      return answer.text(404, `port ${name} is not one of --probe-ports\n`);
    }
    const timeoutMs = Number(query.get('timeoutMs') ?? limits.probeTimeoutMs);
    if (!(timeoutMs >= 1 && timeoutMs <= limits.probeTimeoutMsMax)) {
      return answer.text(400, `timeoutMs must be from 1 to ${limits.probeTimeoutMsMax}\n`);
    }
    if (this.#underWay >= limits.probesMax) {
      return answer.text(503, `${limits.probesMax} probes are under way already\n`);
    }
    const host = this.#targets.host ?? answer.localAddress;
    const target = { host, port, service: query.get('service') ?? '' };
    this.#underWay++;
    try {
      const why = await this.#try(probe, target, timeoutMs, answer);
      if (why === null) answer.text(200, 'ok\n');
      else answer.text(503, `${host} port ${port}: ${why}\n`);
    } finally {
      this.#underWay--;
    }
  }

  async #try(
    probe: Probe,
    target: ProbeTarget,
    timeoutMs: number,
    answer: PageAnswer,
  ): Promise<string | null> {
    const gone = new AbortController();
    let why = 'the prober has gone';
    const timer = setTimeout(() => {
      why = `no answer in ${timeoutMs} ms`;
      gone.abort();
    }, timeoutMs);
    answer.waitFor(timeoutMs, () => gone.abort());
    try {
      const found = await probe(target, gone.signal);
      return gone.signal.aborted ? why : found;
    } finally {
      clearTimeout(timer);
    }
  }
}

export const tcpProbePage: Page = {
  method: 'GET',
  path: '/probe/tcp/',
  answer: ({ probes }, answer, head, name) => probes.answer(probeTcp, name, answer, head),
};

export const grpcProbePage: Page = {
  method: 'GET',
  path: '/probe/grpc/',
  answer: ({ probes }, answer, head, name) => probes.answer(probeGrpc, name, answer, head),
};
