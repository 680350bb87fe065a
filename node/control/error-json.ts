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
  'alert.unknown',
]);
const FORBIDDEN: ReadonlySet<string> = new Set<ErrorCode>(['realm.not-admin', 'http.bad-origin']);
const CONFLICTS: ReadonlySet<string> = new Set<ErrorCode>([
  'mesh.subscription-in-use',
  'mesh.subscription-mismatch',
  'device.exists',
  'device.provisioned',
  'serial.port-held',
  'alert.not-firing',
]);

/** HTTP status of an error (RFC 9110, section 15). */
export function httpStatusOf(code: string): number {
  if (code === 'agent.internal' || code === 'journal.io-failed' || code === 'device.book-failed') return 500;
  if (code === 'journal.disk-full') return 507;
  if (code === 'agent.too-large' || code === 'entry.payload-too-large') return 413;
  if (NOT_FOUND.has(code)) return 404;
  if (FORBIDDEN.has(code)) return 403;
  if (code === 'http.not-authorized') return 401;
  if (code === 'http.bad-host') return 421;
  if (code === 'http.bad-media-type') return 415;
  if (CONFLICTS.has(code)) return 409;
  if (code === 'mesh.too-many-pending' || code === 'journal.backlog-full') return 429;
  if (code === 'mesh.not-started' || code === 'journal.stopped') return 503;
  if (code === 'mesh.not-acknowledged' || code === 'device.silent') return 504;
  return 400;
}
