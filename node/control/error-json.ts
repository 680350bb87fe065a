import {
  ERROR_TABLE,
  type ErrorCode,
  type ErrorDetails,
  isSedgeError,
  SedgeError,
} from '../../src/errors/index.ts';

/** An error on the control socket. */
export interface ErrorJson {
  readonly code: string;
  readonly message: string;
  readonly next: string;
  readonly details: ErrorDetails;
}

/** An error as the control socket carries it. What is not sedge's own becomes `agent.internal`. */
export function errorToJson(error: unknown): ErrorJson {
  const known = isSedgeError(error)
    ? error
    : new SedgeError('agent.internal', { reason: error instanceof Error ? error.message : String(error) });
  return { code: known.code, message: known.message, next: known.next, details: known.details };
}

/** The error that came over the control socket, with its code; `agent.internal` for one that is unknown here. */
export function errorFromJson(json: unknown): SedgeError {
  const { code, details, message } = (json ?? {}) as Partial<ErrorJson>;
  if (typeof code === 'string' && Object.hasOwn(ERROR_TABLE, code)) {
    return new SedgeError(code as ErrorCode, details ?? {});
  }
  return new SedgeError('agent.internal', { reason: String(message ?? code ?? 'the answer holds no error') });
}

const NOT_FOUND: ReadonlySet<string> = new Set<ErrorCode>([
  'realm.unknown-node',
  'bundle.unknown-channel',
  'device.unknown',
  'serial.unknown-port',
  'http.no-value',
  'alert.unknown',
]);
const FORBIDDEN: ReadonlySet<string> = new Set<ErrorCode>([
  'realm.not-admin',
  'http.bad-origin',
  'http.forbidden',
]);
const CONFLICTS: ReadonlySet<string> = new Set<ErrorCode>([
  'mesh.subscription-in-use',
  'mesh.subscription-mismatch',
  'device.exists',
  'device.provisioned',
  'serial.port-held',
  'alert.not-firing',
]);

/** Statuses of single codes (RFC 9110, section 15). */
const STATUSES: Readonly<Partial<Record<ErrorCode, number>>> = {
  'agent.internal': 500,
  'journal.io-failed': 500,
  'device.book-failed': 500,
  'journal.disk-full': 507,
  'agent.too-large': 413,
  'entry.payload-too-large': 413,
  'journal.offset-unknown': 410,
  'mesh.too-many-pending': 429,
  'journal.backlog-full': 429,
  'http.too-many-requests': 429,
  'http.too-many-streams': 429,
  'mesh.not-started': 503,
  'journal.stopped': 503,
  'mesh.not-acknowledged': 504,
  'device.silent': 504,
  'http.bad-token': 401,
  'http.not-authorized': 401,
  'http.bad-host': 421,
  'http.bad-media-type': 415,
};

/** HTTP status of an error; 400 for what the request did wrong. */
export function httpStatusOf(code: string): number {
  if (NOT_FOUND.has(code)) return 404;
  if (FORBIDDEN.has(code)) return 403;
  if (CONFLICTS.has(code)) return 409;
  return STATUSES[code as ErrorCode] ?? 400;
}
