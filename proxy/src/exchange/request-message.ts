/**
 * Lays a request out for its upstream: head, our trace fields, and what is there of the body, in
 * one piece, so that they leave in one write.
 *
 * Not pure only in that it uses the shared scratch buffer. Called by `exchange.ts` for each attempt
 * and by `mirror.ts`. Budget: no allocation, but for a rewritten path.
 */
import { BODY_CHUNKED } from '../http1/body-framing.ts';
import type { Head } from '../http1/head.ts';
import { endHead, headRoom, RequestWrite, writeRequestHead } from '../http1/head-writer.ts';
import { type BodyPiece, frameBody, framedBytesMax, newPiece } from '../net/body-writer.ts';
import {
  DEADLINE_FIELD_BYTES_MAX,
  NO_DEADLINE,
  writeDeadlineField,
} from '../resilience/deadline.ts';
import type { Rule, Target } from '../routing/compiled.ts';
import { rewritePath } from '../routing/rewrite.ts';
import type { SpanId } from '../telemetry/id-source.ts';
import { TRACE_FIELDS_BYTES_MAX, writeTraceFields } from '../telemetry/trace-context.ts';
import { keepsTraceState } from '../telemetry/trace-state.ts';
import type { ExchangeWorld, Role } from './exchange-world.ts';

const ADDED_BYTES_MAX = TRACE_FIELDS_BYTES_MAX + DEADLINE_FIELD_BYTES_MAX;

/** What of an exchange its request message depends on. */
export interface RequestSource {
  readonly request: Head;
  readonly role: Role;
  readonly downstream: { readonly destinationKey: string };
  readonly target: Target | null;
  readonly prefixLength: number;
  readonly rule: Rule | null;
  readonly body: {
    readonly kind: number;
    /** All of it lies behind the head in the slab. */
    readonly isWhole: boolean;
    readonly trailers: Uint8Array | null;
  };
  /** An instant, or NO_DEADLINE. */
  readonly deadlineAtMs: number;
}

export class RequestMessage {
  readonly #options = new RequestWrite();
  readonly #piece: BodyPiece = newPiece();

  /**
   * Where the message ends in scratch. Without what of the body has not come yet.
   * `asksToContinue`: an `Expect: 100-continue` is passed on. `span` is filled with the id of the
   * span that the upstream continues.
   */
  lay(world: ExchangeWorld, source: RequestSource, asksToContinue: boolean, span: SpanId): number {
    const head = source.request;
    const { body, deadlineAtMs } = source;
    const options = this.#prepare(source, asksToContinue);
    const piece = this.#earlyBody(source);
    const edits = source.target?.requestEdits ?? null;
    const room = headRoom(head, edits, options) + ADDED_BYTES_MAX + framedBytesMax(piece);
    const out = world.scratch.take(room);
    let at = writeRequestHead(out, 0, head, edits, body.kind, options);
    at = writeTraceFields(out, at, head, world.ids, span);
    if (deadlineAtMs !== NO_DEADLINE) {
      at = writeDeadlineField(out, at, deadlineAtMs - world.clock.nowMs());
    }
    at = endHead(out, at);
    if (piece.end > piece.start || body.kind === BODY_CHUNKED) {
      at = frameBody(out, at, body.kind, piece);
    }
    return at;
  }

  #prepare(source: RequestSource, asksToContinue: boolean): RequestWrite {
    const options = this.#options;
    const { request: head } = source;
    const rewrite = source.rule?.rewrite ?? null;
    options.reset();
    options.dropTrace = true;
    options.dropTraceState = !keepsTraceState(head);
    options.keepExpect = asksToContinue;
    if (head.authorityEnd === head.authorityStart) options.authority = authorityOf(source);
    if (rewrite === null) return options;
    if (rewrite.authority !== null) options.authority = rewrite.authority;
    if (rewrite.path !== null) {
      const path = Buffer.allocUnsafe(
        head.pathEnd - head.pathStart + rewrite.path.value.length + 1,
      );
      const end = rewritePath(path, 0, head, rewrite.path, source.prefixLength);
      options.path = path.subarray(0, end);
    }
    return options;
  }

  /** What came of the body with the head lies behind it in the slab. */
  #earlyBody(source: RequestSource): BodyPiece {
    const piece = this.#piece;
    piece.bytes = source.request.slab;
    piece.start = source.request.length;
    piece.end = source.request.filled;
    piece.isLast = source.body.isWhole;
    piece.trailers = source.body.trailers;
    return piece;
  }
}

/** For a request without one (HTTP/1.0). Intercepted: the address that its client dialled. */
function authorityOf({ role, downstream }: RequestSource): Uint8Array {
  const { destinationKey } = downstream;
  return destinationKey === '' ? role.defaultAuthority : Buffer.from(destinationKey);
}
