/**
 * Why a request to the API server failed: what was attempted on which object, what the server said,
 * and what to do about it.
 *
 * A 403 names the verb and the resource exactly as a Role spells them, since that is what has to be
 * typed next. Callers match `status` and `reason`, never the message.
 *
 * Pure. Made by `client.ts` and `watch.ts`.
 */
import type { Place, Resource } from './resource.ts';

/** What a Role calls it. */
export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete';

/** What was attempted. */
export interface Intent {
  readonly verb: Verb;
  /** `pods`, `trafficroutes/status`; a path where it is no resource, as `/version`. */
  readonly what: string;
  readonly group: string;
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  /** As whom: where the credentials come from. */
  readonly as: string;
}

export interface Cause {
  readonly field: string;
  readonly message: string;
}

/** The part of a `v1.Status` that is read. Every field comes from outside and may be missing. */
interface StatusBody {
  readonly message?: unknown;
  readonly reason?: unknown;
  readonly details?: { readonly name?: unknown; readonly causes?: unknown } | null;
}

interface Given {
  readonly status: number;
  readonly reason: string;
  readonly detail: string;
  readonly causes?: readonly Cause[];
  readonly retryAfterMs?: number | null;
  /** The server knows the kind; this object is not there. */
  readonly isMissingObject?: boolean;
  readonly cause?: unknown;
}

export class KubeError extends Error {
  /** 0: there was no answer. */
  readonly status: number;
  /** The server's own (`Conflict`, `Expired`), else a code (`ECONNREFUSED`, `Timeout`). */
  readonly reason: string;
  readonly causes: readonly Cause[];
  readonly retryAfterMs: number | null;
  readonly isMissingObject: boolean;

  constructor(intent: Intent, given: Given) {
    super(messageOf(intent, given), { cause: given.cause });
    this.name = 'KubeError';
    this.status = given.status;
    this.reason = given.reason;
    this.causes = given.causes ?? [];
    this.retryAfterMs = given.retryAfterMs ?? null;
    this.isMissingObject = given.isMissingObject ?? false;
  }

  /** Another wrote first: read again. */
  get isConflict(): boolean {
    return this.status === 409 && this.reason === 'Conflict';
  }

  /** The resource version or the continue token is too old: list again. */
  get isExpired(): boolean {
    return this.status === 410;
  }
}

/** `as`: where the credentials come from. */
export function intentOf(verb: Verb, resource: Resource, place: Place, as: string): Intent {
  const { plural, group, namespaced } = resource;
  const { namespace, name, subresource } = place;
  const what = subresource === undefined ? plural : `${plural}/${subresource}`;
  return { verb, what, group, name, namespace: namespaced ? namespace : undefined, as };
}

/** From an answer that is not 2xx. */
export function errorOfAnswer(
  intent: Intent,
  answer: { readonly status: number; readonly text: string; readonly retryAfterMs: number | null },
): KubeError {
  const { status, text, retryAfterMs } = answer;
  const body = statusBody(text);
  const reason = typeof body?.reason === 'string' ? body.reason : `HTTP ${status}`;
  const detail = typeof body?.message === 'string' ? body.message : firstLine(text);
  const isMissingObject = status === 404 && typeof body?.details?.name === 'string';
  const causes = causesOf(body?.details?.causes);
  return new KubeError(intent, { status, reason, detail, causes, retryAfterMs, isMissingObject });
}

/** From what went wrong before there was an answer. */
export function errorOfConnection(intent: Intent, reason: string, cause: unknown): KubeError {
  const detail = cause instanceof Error ? cause.message : String(cause);
  return new KubeError(intent, { status: 0, reason, detail, cause });
}

function messageOf(intent: Intent, { status, reason, detail }: Given): string {
  const { verb, what, namespace, name } = intent;
  const object = [namespace, name].filter((part) => part !== undefined && part !== '').join('/');
  const said = detail === '' || detail === reason ? reason : `${reason}: ${detail}`;
  const subject = object === '' ? what : `${what} ${object}`;
  const remedy = CERTIFICATE.test(reason) ? WRONG_AUTHORITY : remedyOf(intent, status);
  return `Cannot ${verb} ${subject}: ${said}${remedy === '' ? '' : `. ${remedy}`}`;
}

/** How Node and OpenSSL call it. */
const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO_(VERIFY|GET_ISSUER)/;
const WRONG_AUTHORITY = 'Compare the certificate authority that is configured with the server';

function remedyOf({ verb, what, group, namespace, as }: Intent, status: number): string {
  if (status === 401) return `The API server does not accept the credentials of ${as}: renew them`;
  if (status !== 403) return '';
  const scope = namespace === undefined ? 'in all namespaces' : `in namespace ${namespace}`;
  const apiGroup = group === '' ? 'the core group' : `group ${group}`;
  return `RBAC must allow ${as} the verb "${verb}" on "${what}" of ${apiGroup} ${scope}`;
}

function statusBody(text: string): StatusBody | null {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' && body !== null ? (body as StatusBody) : null;
  } catch {
    return null;
  }
}

function causesOf(value: unknown): Cause[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((cause: { field?: unknown; message?: unknown } | null) => {
    const { field, message } = cause ?? {};
    if (typeof message !== 'string') return [];
    return [{ field: typeof field === 'string' ? field : '', message }];
  });
}

/** What is not a Status comes from something in between: one line of it tells enough. */
function firstLine(text: string): string {
  return (text.split('\n', 1)[0] ?? '').slice(0, 200);
}
