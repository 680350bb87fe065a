import type { ErrorCode } from '../errors/index.ts';

/** How libp2p says that the dialed address is its own. */
const SELF = /can ?not dial self|tried to dial self/i;
/** Noise's word for a key that is not the one of the address. */
const WRONG_KEY = /does not match expected remote identity key|unexpected peer/i;

/** Why a dial failed, as a code; `'self'` where the address turned out to be this node's. */
export function dialFailure(error: unknown): ErrorCode | 'self' {
  const causes = error instanceof AggregateError ? [error, ...error.errors] : [error];
  const has = (test: (name: string, message: string) => boolean) =>
    causes.some((cause) => cause instanceof Error && test(cause.name, cause.message));
  if (has((_name, message) => SELF.test(message))) return 'self';
  if (has((_name, message) => WRONG_KEY.test(message))) return 'overlay.wrong-peer';
  if (has((name) => name === 'ConnectionInterceptedError' || name === 'DialDeniedError'))
    return 'overlay.denied';
  // The bytes after the private network's nonces made no sense: another secret, or no libp2p at all.
  if (has((name) => name === 'EncryptionFailedError')) return 'overlay.wrong-network';
  return 'overlay.no-route';
}
