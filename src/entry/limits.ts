/** Messages in one entry at most. */
export const ENTRY_MESSAGES_MAX = 256;
/** Size at which an author closes an entry; larger ones hold a single message. */
export const ENTRY_BATCH_BYTES_MAX = 65_536;
/** Largest entry. */
export const ENTRY_BYTES_MAX = 1_310_720;
/** Largest payload of a message. */
export const PAYLOAD_BYTES_MAX = 1_048_576;
/** Numbers, Lamport times and milliseconds stay below this. */
export const NUMBER_MAX = 2 ** 48;

/** True for an integer from 0 to 2^48 - 1. */
export function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < NUMBER_MAX;
}
