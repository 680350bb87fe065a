import { SedgeError } from '../../../src/errors/index.ts';

/** A broker that cannot be reached, or whose connection ended. */
export function unreachable(reason: string, cause?: unknown): SedgeError {
  return new SedgeError('bridge.unreachable', { reason: reason.slice(0, 200) }, { cause });
}

/** A broker that says no. */
export function refusedByBroker(reasonCode: number, text: string): SedgeError {
  const code = `0x${reasonCode.toString(16).padStart(2, '0')}`;
  return new SedgeError('bridge.refused', { reason: text === '' ? code : `${code}, ${text.slice(0, 200)}` });
}
