/**
 * What the API server asks a webhook, and how it is answered: AdmissionReview v1, read and written.
 *
 * Whatever is not exactly such a review is refused with the reason, never answered "allowed": the
 * webhook configuration's failure policy decides what that means, not a parser. Handlers see plain
 * fields and return plain ones; base64, uids and the server's limits on texts are known here alone.
 *
 * Pure. `server.ts` calls it around each handler; `validate.ts` and the injection are handlers.
 */
import * as limits from '../limits.ts';

export interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

export interface AdmissionRequest {
  readonly uid: string;
  readonly kind: GroupVersionKind;
  /** Empty: the object belongs to the whole cluster. */
  readonly namespace: string;
  /** Empty where the server has yet to make one of `generateName`. */
  readonly name: string;
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';
  /** `status`, `scale` and the like; left out: the object itself. */
  readonly subResource?: string;
  /** Null for DELETE. */
  readonly object: unknown;
  /** Null for CREATE. */
  readonly oldObject: unknown;
  readonly dryRun: boolean;
}

/** RFC 6902. */
export interface JsonPatchOperation {
  readonly op: 'add' | 'remove' | 'replace' | 'test';
  readonly path: string;
  readonly value?: unknown;
}

export interface AdmissionAnswer {
  readonly allowed: boolean;
  /** Why it is refused, as the user reads it. */
  readonly message?: string;
  /** HTTP status of a refusal; 403 unless said. */
  readonly code?: number;
  /** Shown by kubectl beside the result, one line each. */
  readonly warnings?: readonly string[];
  readonly patch?: readonly JsonPatchOperation[];
}

export type Admit = (request: AdmissionRequest) => AdmissionAnswer | Promise<AdmissionAnswer>;

export type ReviewReading =
  | { readonly is: 'request'; readonly request: AdmissionRequest }
  | { readonly is: 'refused'; readonly why: string };

const API_VERSION = 'admission.k8s.io/v1';
const KIND = 'AdmissionReview';
const OPERATIONS = ['CREATE', 'UPDATE', 'DELETE', 'CONNECT'] as const;
const FORBIDDEN = 403;
/** Words for a status code that clients know better than the number. */
const REASONS: Readonly<Record<number, string>> = { 403: 'Forbidden', 422: 'Invalid' };
const CONTROL_CHARACTERS = /\p{Cc}+/gu;

export function readReview(body: string): ReviewReading {
  let review: unknown;
  try {
    review = JSON.parse(body);
  } catch {
    return refused('the body is not JSON');
  }
  const { apiVersion, kind, request } = fieldsOf(review);
  if (apiVersion !== API_VERSION || kind !== KIND) {
    return refused(`the body is not an ${KIND} of ${API_VERSION}`);
  }
  return readRequest(fieldsOf(request));
}

/** The body of the answer, for `JSON.stringify`. */
export function reviewOf(uid: string, answer: AdmissionAnswer): object {
  const { allowed, patch = [], warnings = [] } = answer;
  const said = heard(warnings);
  const response = {
    uid,
    allowed,
    ...(!allowed && { status: statusOf(answer) }),
    ...(said.length > 0 && { warnings: said }),
    ...(allowed &&
      patch.length > 0 && {
        patchType: 'JSONPatch',
        patch: Buffer.from(JSON.stringify(patch)).toString('base64'),
      }),
  };
  return { apiVersion: API_VERSION, kind: KIND, response };
}

type Fields = Readonly<Record<string, unknown>>;

function readRequest(request: Fields): ReviewReading {
  const { uid, namespace = '', name = '', subResource = '' } = request;
  if (!isText(uid) || uid === '') return refused('request.uid is missing');
  const { group, version, kind } = fieldsOf(request['kind']);
  if (!isText(group) || !isText(version) || !isText(kind))
    return refused('request.kind is missing');
  const operation = OPERATIONS.find((known) => known === request['operation']);
  if (operation === undefined) return refused(`request.operation is none of ${OPERATIONS}`);
  if (!isText(namespace) || !isText(name) || !isText(subResource)) {
    return refused('request.namespace, name and subResource must be text');
  }
  return {
    is: 'request',
    request: {
      uid,
      kind: { group, version, kind },
      namespace,
      name,
      operation,
      ...(subResource !== '' && { subResource }),
      object: request['object'] ?? null,
      oldObject: request['oldObject'] ?? null,
      dryRun: request['dryRun'] === true,
    },
  };
}

function statusOf({ code = FORBIDDEN, message = 'refused without a reason' }: AdmissionAnswer) {
  const reason = REASONS[code];
  const text = cut(message, limits.refusalBytesMax);
  return { code, message: text, ...(reason !== undefined && { reason }) };
}

/** The server drops a warning with control characters whole, and cuts or drops what is too long. */
function heard(warnings: readonly string[]): string[] {
  const said: string[] = [];
  let bytesLeft = limits.warningsBytesMax;
  for (const warning of warnings) {
    const text = cut(warning.replace(CONTROL_CHARACTERS, ' '), limits.warningBytesMax);
    bytesLeft -= Buffer.byteLength(text);
    if (bytesLeft < 0) break;
    said.push(text);
  }
  return said;
}

/** Ends with "…" where it is over `bytesMax`, and never within a character. */
function cut(text: string, bytesMax: number): string {
  if (Buffer.byteLength(text) <= bytesMax) return text;
  const room = bytesMax - Buffer.byteLength('…');
  const { written } = new TextEncoder().encodeInto(text, new Uint8Array(room));
  return `${Buffer.from(text).toString('utf8', 0, written)}…`;
}

function refused(why: string): ReviewReading {
  return { is: 'refused', why };
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

export function fieldsOf(value: unknown): Fields {
  const isRecord = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isRecord ? (value as Fields) : {};
}
