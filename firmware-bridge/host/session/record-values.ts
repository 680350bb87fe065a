import { type DeviceValue, decodeDeviceValue, toJson } from '../value/index.ts';
import type { CommandStatus, DeviceStats, DeviceTopic } from './device-facts.ts';

const STATUSES = ['done', 'failed', 'unknown-command', 'expired', 'busy', 'bad-arguments'] as const;
const UINT32_MAX = 0xffff_ffff;
/** Of the texts of a registration: names in the mesh may be longer, frames may not. */
const TEXT_LENGTH_MAX = 250;

/** The items of a CBOR array of that many at least; `null` if the bytes are none. */
function itemsOf(value: Uint8Array, count: number): readonly DeviceValue[] | null {
  const decoded = decodeDeviceValue(value);
  if (!decoded.ok || !Array.isArray(decoded.value) || decoded.value.length < count) return null;
  return decoded.value;
}

function isUint(item: DeviceValue | undefined, max = UINT32_MAX): item is number {
  return typeof item === 'number' && Number.isInteger(item) && item >= 0 && item <= max;
}

function isText(item: DeviceValue | undefined): item is string {
  return typeof item === 'string' && item.length <= TEXT_LENGTH_MAX;
}

/** The topic of a REGISTER. */
export function decodeTopic(value: Uint8Array): DeviceTopic | null {
  const [id, kind, name, type, unit] = itemsOf(value, 5) ?? [];
  if (!isUint(id, 255) || id === 0 || !isUint(kind, 1)) return null;
  if (!isText(name) || name === '' || !isText(type) || !isText(unit)) return null;
  return { id, kind: kind === 0 ? 'reading' : 'command', name, type, unit };
}

/** Counters of readings that were dropped. */
export interface DroppedReadings {
  readonly first: number;
  readonly last: number;
}

/** The counters of a GAP. */
export function decodeGap(value: Uint8Array): DroppedReadings | null {
  const [first, last] = itemsOf(value, 2) ?? [];
  return isUint(first) && isUint(last) && first >= 1 && last >= first ? { first, last } : null;
}

/** Number of a TIME exchange. */
export function decodeTime(value: Uint8Array): number | null {
  const [n] = itemsOf(value, 1) ?? [];
  return isUint(n) ? n : null;
}

/** The result of a COMMAND_RESULT. */
export interface CommandResult {
  readonly id: number;
  readonly status: CommandStatus;
  /** JSON. */
  readonly value: string | null;
}

/** Reads a COMMAND_RESULT; a status of a newer device counts as failed. */
export function decodeResult(value: Uint8Array): CommandResult | null {
  const [id, status, result] = itemsOf(value, 2) ?? [];
  if (!isUint(id) || !isUint(status)) return null;
  return { id, status: STATUSES[status] ?? 'failed', value: result === undefined ? null : toJson(result) };
}

/** Reads STATS; what newer devices add is left out. */
export function decodeStats(value: Uint8Array): DeviceStats | null {
  const items = itemsOf(value, 10);
  if (items === null || !items.every((item) => isUint(item))) return null;
  const [framesIn, framesOut, badCrc, tooLong, overruns, sentAgain, naks, refused, dropped, freeBytes] =
    items as number[];
  return {
    framesIn: framesIn!,
    framesOut: framesOut!,
    badCrc: badCrc!,
    tooLong: tooLong!,
    overruns: overruns!,
    sentAgain: sentAgain!,
    naks: naks!,
    refused: refused!,
    dropped: dropped!,
    freeBytes: freeBytes!,
  };
}
