import { fromHex, toHex } from '../bytes/index.ts';
import { CursorFile, type Disk } from '../journal/index.ts';

/**
 * Id of a node's store, 16 random hexadecimal digits that go with the disk and not with the key: a peer that
 * meets another one under a known key learns that what it remembers of the node's holdings is worth nothing.
 */
export async function loadStoreId(
  disk: Disk,
  directory: string,
  randomBytes: (n: number) => Uint8Array,
): Promise<string> {
  const file = new CursorFile(disk, { directory, name: 'store-id' });
  try {
    const [kept] = await file.load();
    if (typeof kept === 'string' && fromHex(kept)?.length === 8) return kept;
    const id = toHex(randomBytes(8));
    await file.rewrite([id]);
    return id;
  } finally {
    await file.close();
  }
}
