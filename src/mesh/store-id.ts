import { fromHex, toHex } from '../bytes/index.ts';
import { CursorFile, type Disk } from '../journal/index.ts';

const FILE_NAME = 'store-id';

/**
 * Id of a node's store, 16 random hexadecimal digits that go with the disk and not with the key: a peer that
 * meets another one under a known key learns that what it remembers of the node's holdings is worth nothing.
 */
export async function loadStoreId(
  disk: Disk,
  directory: string,
  randomBytes: (n: number) => Uint8Array,
): Promise<string> {
  const file = new CursorFile(disk, { directory, name: FILE_NAME });
  try {
    const [kept] = await file.load();
    if (typeof kept === 'string' && fromHex(kept)?.length === 8) return kept;
    return await writeNew(file, randomBytes);
  } finally {
    await file.close();
  }
}

/** Gives a store another id: a copy of it has the old one too, and peers could not tell the two apart. */
export async function renewStoreId(
  disk: Disk,
  directory: string,
  randomBytes: (n: number) => Uint8Array,
): Promise<string> {
  const file = new CursorFile(disk, { directory, name: FILE_NAME });
  try {
    return await writeNew(file, randomBytes);
  } finally {
    await file.close();
  }
}

async function writeNew(file: CursorFile, randomBytes: (n: number) => Uint8Array): Promise<string> {
  const id = toHex(randomBytes(8));
  await file.rewrite([id]);
  return id;
}
