/**
 * Which copies of one request are to be sent, and feeding them its body.
 *
 * Called by `exchange.ts`; the copies live on in `mirror.ts` when the exchange has ended.
 */
import * as limits from '../limits.ts';
import { type BodyPiece, frameBody, framedBytesMax } from '../net/body-writer.ts';
import type { Rule } from '../routing/compiled.ts';
import type { ExchangeWorld } from './exchange-world.ts';
import { MirrorAttempt } from './mirror.ts';
import { newSpanId } from '../telemetry/id-source.ts';
import { RequestMessage, type RequestSource } from './request-message.ts';

export class Mirrors {
  readonly #world: ExchangeWorld;
  /** Of copies no span is kept. */
  readonly #span = newSpanId();
  readonly #message = new RequestMessage();
  #attempts: MirrorAttempt[] = [];
  #framing = 0;

  constructor(world: ExchangeWorld) {
    this.#world = world;
  }

  begin(source: RequestSource, rule: Rule): void {
    if (rule.mirrors.length === 0) return;
    for (const mirror of rule.mirrors) {
      if (this.#world.chance() * 100 >= mirror.percent) continue;
      if (this.#world.counts.mirrorsActive >= limits.mirrorsMax) {
        this.#world.counts.mirrorsDropped++;
        continue;
      }
      const end = this.#message.lay(this.#world, source, false, this.#span);
      const head = Buffer.from(this.#world.scratch.take(end).subarray(0, end));
      this.#framing = source.body.kind;
      const attempt = new MirrorAttempt(
        this.#world,
        mirror.backend,
        source.request.method,
        source.body.kind,
        head,
      );
      if (source.body.isWhole) attempt.send();
      else this.#attempts.push(attempt);
    }
  }

  onRequestBody(piece: BodyPiece): void {
    if (this.#attempts.length === 0) return;
    const part = Buffer.allocUnsafe(framedBytesMax(piece));
    const end = frameBody(part, 0, this.#framing, piece);
    this.#attempts = this.#attempts.filter((attempt) => attempt.append(part.subarray(0, end)));
    if (!piece.isLast) return;
    for (const attempt of this.#attempts) attempt.send();
    this.#attempts = [];
  }

  /** The exchange is over: what is not whole by now never will be. */
  end(): void {
    if (this.#attempts.length === 0) return;
    for (const attempt of this.#attempts) attempt.abandon();
    this.#attempts = [];
  }
}
