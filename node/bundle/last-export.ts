import { readBundle } from '../../src/index.ts';
import { BundleSource, readSmallText, writeFileWhole } from './bundle-file.ts';

/** Ending of the note beside a bundle that says how far the last export to this place went. */
const NOTE_ENDING = '.last';

/** How far an export went: an offset by channel. */
export type ExportedOffsets = Readonly<Record<string, string>>;

/**
 * Where `--since last` begins: behind the last export to this very place, as the note beside it says. A stick
 * carries its own note, so no two sticks are taken for each other. Where that export still lies there, nobody has
 * taken it yet, and the new one, which replaces it, begins where it began. `null` for everything.
 */
export async function lastExport(file: string, node: string): Promise<ExportedOffsets | null> {
  const lying = await beginningOf(file, node);
  if (lying !== 'nothing') return lying;
  return parseNote(await readSmallText(file + NOTE_ENDING), node);
}

/** Leaves the note for the next `--since last`. */
export async function noteExport(file: string, node: string, offsets: ExportedOffsets): Promise<void> {
  const note = JSON.stringify({ sedgeExport: 1, node, channels: offsets });
  await writeFileWhole(file + NOTE_ENDING, [Buffer.from(`${note}\n`)]);
}

/** The offsets after which a bundle of this node begins; `null` where it has everything. */
async function beginningOf(file: string, node: string): Promise<ExportedOffsets | null | 'nothing'> {
  let source: BundleSource;
  try {
    source = await BundleSource.open(file);
  } catch {
    return 'nothing';
  }
  for await (const part of readBundle(source)) {
    if (part.kind !== 'item' || part.item.kind !== 'header' || part.item.node !== node) return null;
    const begun = part.item.channels.flatMap(({ channel, since }) =>
      since === null ? [] : [[channel, `${since.incarnation}:${since.position}`] as const],
    );
    return begun.length === 0 ? null : Object.fromEntries(begun);
  }
  return null;
}

/** A note is as trustworthy as the stick; a wrong offset is found out by the journal. */
function parseNote(text: string | null, node: string): ExportedOffsets | null {
  try {
    const note = JSON.parse(text ?? '') as Record<string, unknown>;
    if (note.sedgeExport !== 1 || note.node !== node) return null;
    const channels = Object.entries(note.channels as object);
    return channels.every(([, offset]) => typeof offset === 'string') ? Object.fromEntries(channels) : null;
  } catch {
    return null;
  }
}
