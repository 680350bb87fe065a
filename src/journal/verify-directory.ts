import { Buffer } from 'node:buffer';
import type { Disk, DiskFile } from './disk.ts';
import { FileWindow } from './file-window.ts';
import type { LocalFacts } from './journal-face.ts';
import { readJournalState } from './journal-state.ts';
import {
  decodeSegmentHeader,
  parseSegmentFileName,
  type SegmentHeader,
  type SegmentKind,
  segmentHeaderBytes,
} from './segment-header.ts';
import { scanSegment } from './segment-scan.ts';

/** What lies in a journal's directory, piece by piece. */
export type VerifiedItem =
  | {
      readonly kind: 'record';
      readonly file: string;
      readonly segment: SegmentKind;
      readonly position: number;
      readonly facts: LocalFacts;
      /** The entry as it came. Not checked: signature and chain are the caller's. */
      readonly bytes: Uint8Array;
    }
  | {
      /** Bytes that are no whole record; at the end of a file they may be a write that a crash interrupted. */
      readonly kind: 'damaged';
      readonly file: string;
      readonly from: number;
      readonly to: number;
      readonly atEnd: boolean;
    }
  | {
      /** A segment whose header is damaged: its records were found all the same, if the state file is whole. */
      readonly kind: 'bad-header';
      readonly file: string;
    }
  | {
      /** A page that cannot be read; its bytes count as damaged. */
      readonly kind: 'unreadable';
      readonly file: string;
      readonly error: string;
    };

/** More than any header takes. */
const HEADER_READ_BYTES = 512;

/**
 * Reads all segments of a channel's directory, own ones after carried ones, each in order of arrival. Changes
 * nothing, so that it can be run beside an agent (which may be appending: a damaged end is then no damage).
 * Throws `journal.version` for segments of a newer version.
 */
export async function* verifyJournalDirectory(disk: Disk, directory: string): AsyncGenerator<VerifiedItem> {
  const state = await readJournalState(disk, directory).catch(() => null);
  const names = (await disk.list(directory)).filter((name) => parseSegmentFileName(name)?.what === 'segment');
  for (const file of names.sort()) {
    const opened = await disk.open(`${directory}/${file}`, { create: false });
    try {
      yield* verifyFile(opened, file, state?.salt ?? null);
    } finally {
      await opened.close();
    }
  }
}

async function* verifyFile(
  opened: DiskFile,
  file: string,
  salt: number | null,
): AsyncGenerator<VerifiedItem> {
  const size = await opened.size();
  const unreadable: VerifiedItem[] = [];
  const window = new FileWindow(
    (into, position) => opened.read(into, position),
    size,
    (error) => unreadable.push({ kind: 'unreadable', file, error: String(error) }),
  );
  const header = decodeSegmentHeader(Buffer.from(await window.view(0, HEADER_READ_BYTES)), file);
  if (header === null) yield { kind: 'bad-header', file };
  const segment = parseSegmentFileName(file)!.kind;
  const from = headerEnd(header);
  for await (const item of scanSegment(window, { salt: header?.salt ?? salt ?? 0, from, to: size })) {
    yield* unreadable.splice(0);
    if (item.kind === 'damage') {
      yield { kind: 'damaged', file, from: item.from, to: item.to, atEnd: item.to === size };
    } else {
      const { position, facts } = item.header;
      yield { kind: 'record', file, segment, position, facts, bytes: item.bytes };
    }
  }
}

/** Where the records begin; with no header the search for the first one tells. */
function headerEnd(header: SegmentHeader | null): number {
  return header === null ? 0 : segmentHeaderBytes(header.channel);
}
