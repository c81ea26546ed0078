// The two errors of the house: one that a caller can be told, one that names the outside service that failed.

/** How a visible error maps to HTTP is decided in one place (house/http.ts). */
export type VisibleKind = 'invalid' | 'unauthenticated' | 'forbidden' | 'not-found' | 'conflict' | 'too-large' | 'too-many' | 'unavailable';

/** One thing that is wrong with what was sent: where, what, and what would be right. */
export interface FieldProblem {
  /** Name of the field as the sender knows it, for example `phone`. */
  field: string;
  /** A sentence: what is wrong and what would be right. Never repeats personal data. */
  message: string;
}

/** The sender did something that we can explain. `code` is stable kebab-case; `message` says what would be right. */
export class VisibleError extends Error {
  readonly kind: VisibleKind;
  readonly code: string;
  readonly fields: FieldProblem[];
  /** Seconds after which asking again makes sense, for `too-many` and `unavailable`. */
  readonly retryAfterSeconds: number | undefined;

  constructor(kind: VisibleKind, code: string, message: string, more: { fields?: FieldProblem[]; retryAfterSeconds?: number; cause?: unknown } = {}) {
    super(message, { cause: more.cause });
    this.name = 'VisibleError';
    this.kind = kind;
    this.code = code;
    this.fields = more.fields ?? [];
    this.retryAfterSeconds = more.retryAfterSeconds;
  }
}

/** A service outside ours failed. Translated in the adapter that spoke to it; `status` is its HTTP status, 0 when none came. */
export class UpstreamError extends Error {
  readonly service: string;
  readonly status: number;
  readonly retryable: boolean;

  constructor(service: string, status: number, retryable: boolean, more: { message?: string; cause?: unknown } = {}) {
    super(more.message ?? `${service} answered ${status}`, { cause: more.cause });
    this.name = 'UpstreamError';
    this.service = service;
    this.status = status;
    this.retryable = retryable;
  }
}
