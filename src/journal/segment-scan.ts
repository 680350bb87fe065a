import type { Buffer } from 'node:buffer';
import type { FileWindow } from './file-window.ts';
import {
  isRecordWhole,
  parseRecordHeader,
  RECORD_HEADER_BYTES,
  type RecordHeader,
} from './journal-record.ts';

/** What a scan finds: a whole record, or a stretch without any. */
export type ScanItem =
  | {
      readonly kind: 'record';
      readonly offset: number;
      readonly end: number;
      readonly header: RecordHeader;
      readonly bytes: Uint8Array;
    }
  | { readonly kind: 'damage'; readonly from: number; readonly to: number };

/** Looks ahead this far at once for the next record after damage. */
const SEARCH_BYTES = 65_536;

/**
 * All records from `from` to `to`, in order. Where bytes are damaged it finds the next record whose check, CRC
 * and position fit: positions rise within a file.
 */
export async function* scanSegment(
  window: FileWindow,
  options: { readonly salt: number; readonly from: number; readonly to: number },
): AsyncGenerator<ScanItem> {
  const { salt, to } = options;
  let at = options.from;
  let positionBefore = 0;
  while (at < to) {
    const item = await recordAt(window, at, { salt, to, positionBefore });
    if (item !== null) {
      yield item;
      at = item.end;
      positionBefore = item.header.position;
      continue;
    }
    const next = await nextRecord(window, at + 1, { salt, to, positionBefore });
    yield { kind: 'damage', from: at, to: next };
    at = next;
  }
}

interface ScanLimits {
  readonly salt: number;
  readonly to: number;
  readonly positionBefore: number;
}

async function recordAt(window: FileWindow, at: number, limits: ScanLimits) {
  const head = await window.view(at, RECORD_HEADER_BYTES);
  const header = parseRecordHeader(head, 0, limits.salt);
  if (header === null || header.position <= limits.positionBefore) return null;
  const end = at + RECORD_HEADER_BYTES + header.length;
  if (end > limits.to) return null;
  const bytes: Buffer = await window.view(at, RECORD_HEADER_BYTES + header.length);
  if (!isRecordWhole(bytes, 0, header.length, limits.salt)) return null;
  const entry = bytes.subarray(RECORD_HEADER_BYTES, RECORD_HEADER_BYTES + header.length);
  return { kind: 'record' as const, offset: at, end, header, bytes: entry };
}

/** Offset of the next whole record, or `to`. */
async function nextRecord(window: FileWindow, from: number, limits: ScanLimits): Promise<number> {
  let at = from;
  while (at + RECORD_HEADER_BYTES < limits.to) {
    const bytes = await window.view(at, SEARCH_BYTES);
    const end = bytes.length - RECORD_HEADER_BYTES;
    let candidate = 0;
    while (candidate <= end && parseRecordHeader(bytes, candidate, limits.salt) === null) candidate++;
    at += candidate;
    if (candidate <= end) {
      if ((await recordAt(window, at, limits)) !== null) return at;
      at++;
    } else if (end < 0) {
      break;
    }
  }
  return limits.to;
}
