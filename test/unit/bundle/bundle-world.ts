import { Buffer } from 'node:buffer';
import { encodeRecord, parseRecordHead, RECORD_HEAD_BYTES } from '../../../src/bundle/bundle-record.ts';
import { type BundlePart, type ExportOptions, readBundle } from '../../../src/bundle/index.ts';
import type { Mesh } from '../../../src/mesh/index.ts';

/** A whole bundle in memory. */
export async function bundleOf(mesh: Mesh, options: ExportOptions = {}): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of mesh.exportBundle(options)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** All parts of a bundle. */
export async function partsOf(bundle: Uint8Array, chunkBytes = 4_096): Promise<BundlePart[]> {
  const parts: BundlePart[] = [];
  for await (const part of readBundle(inChunks(bundle, chunkBytes))) parts.push(part);
  return parts;
}

/** The bytes as they come from a slow disk. */
export function* inChunks(bytes: Uint8Array, chunkBytes: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
}

/** One record of a bundle, where it lies. */
export interface PlacedRecord {
  readonly kind: number;
  readonly at: number;
  readonly size: number;
  readonly body: Buffer;
}

/** The records of an undamaged bundle. */
export function recordsOf(bundle: Buffer): PlacedRecord[] {
  const records: PlacedRecord[] = [];
  for (let at = 0; at < bundle.length; ) {
    const head = parseRecordHead(bundle.subarray(at));
    if (head === null) throw new Error(`no record at ${at}`);
    const size = RECORD_HEAD_BYTES + head.length;
    records.push({ kind: head.kind, at, size, body: bundle.subarray(at + RECORD_HEAD_BYTES, at + size) });
    at += size;
  }
  return records;
}

/** The bundle with other records: what somebody with a hex editor and patience makes of it. */
export function rewritten(
  bundle: Buffer,
  change: (record: PlacedRecord) => Buffer | readonly Buffer[] | null,
): Buffer {
  const records = recordsOf(bundle).flatMap((record) => {
    const changed = change(record);
    return changed === null ? [] : [changed].flat().map((body) => encodeRecord(record.kind, body));
  });
  return Buffer.concat(records);
}
