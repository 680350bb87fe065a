import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Disk } from '../../src/journal/index.ts';

/** A disk to try, a directory on it that exists not yet, and how to clean up. */
export interface DiskUnderTest {
  readonly disk: Disk;
  readonly directory: string;
  dispose(): Promise<void>;
}

const bytes = (text: string) => new TextEncoder().encode(text);

/** What every {@link Disk} promises. */
export function describeDiskContract(name: string, make: () => Promise<DiskUnderTest>): void {
  describe(`${name} keeps the contract of a disk`, () => {
    let under: DiskUnderTest;
    let disk: Disk;
    let directory: string;

    beforeEach(async () => {
      under = await make();
      ({ disk, directory } = under);
    });
    afterEach(() => under.dispose());

    const read = async (path: string, position = 0, length = 64) => {
      const file = await disk.open(path, { create: false });
      const into = new Uint8Array(length);
      const filled = await file.read(into, position);
      await file.close();
      return new TextDecoder().decode(into.subarray(0, filled));
    };
    const write = async (path: string, text: string, position = 0) => {
      const file = await disk.open(path, { create: true });
      await file.write(bytes(text), position);
      await file.sync();
      await file.close();
    };

    it('lists nothing in a directory that does not exist', async () => {
      expect(await disk.list(directory)).toEqual([]);
    });

    it('makes a directory with its parents, and again without an error', async () => {
      await disk.makeDirectory(`${directory}/a/b`);
      await disk.makeDirectory(`${directory}/a/b`);
      expect(await disk.list(`${directory}/a`)).toEqual(['b']);
      expect(await disk.list(`${directory}/a/b`)).toEqual([]);
    });

    it('refuses to open a missing file with ENOENT unless it may make it', async () => {
      await disk.makeDirectory(directory);
      await expect(disk.open(`${directory}/x`, { create: false })).rejects.toMatchObject({ code: 'ENOENT' });
      const file = await disk.open(`${directory}/x`, { create: true });
      expect(await file.size()).toBe(0);
      await file.close();
      expect(await disk.list(directory)).toEqual(['x']);
    });

    it('keeps contents when a file is opened again with create', async () => {
      await disk.makeDirectory(directory);
      await write(`${directory}/x`, 'first');
      await write(`${directory}/x`, 'F');
      expect(await read(`${directory}/x`)).toBe('First');
    });

    it('reads and writes at positions, and past the end as zeros', async () => {
      await disk.makeDirectory(directory);
      await write(`${directory}/x`, 'abc');
      await write(`${directory}/x`, 'z', 5);
      expect(await read(`${directory}/x`)).toBe('abc\0\0z');
      expect(await read(`${directory}/x`, 1, 2)).toBe('bc');
      expect(await read(`${directory}/x`, 5, 10)).toBe('z');
      expect(await read(`${directory}/x`, 100)).toBe('');
    });

    it('truncates, and grows again with zeros', async () => {
      await disk.makeDirectory(directory);
      await write(`${directory}/x`, 'abcdef');
      const file = await disk.open(`${directory}/x`, { create: false });
      await file.truncate(2);
      expect(await file.size()).toBe(2);
      await file.truncate(4);
      await file.close();
      expect(await read(`${directory}/x`)).toBe('ab\0\0');
    });

    it('replaces a file by renaming another over it', async () => {
      await disk.makeDirectory(directory);
      await write(`${directory}/x`, 'old');
      await write(`${directory}/x.new`, 'new');
      await disk.rename(`${directory}/x.new`, `${directory}/x`);
      await disk.syncDirectory(directory);
      expect(await disk.list(directory)).toEqual(['x']);
      expect(await read(`${directory}/x`)).toBe('new');
    });

    it('goes on reading through a handle whose file was replaced', async () => {
      await disk.makeDirectory(directory);
      await write(`${directory}/x`, 'old');
      const file = await disk.open(`${directory}/x`, { create: false });
      await write(`${directory}/x.new`, 'new');
      await disk.rename(`${directory}/x.new`, `${directory}/x`);
      const into = new Uint8Array(3);
      await file.read(into, 0);
      await file.close();
      expect(new TextDecoder().decode(into)).toBe('old');
    });

    it('removes a file, and one that does not exist without an error', async () => {
      await disk.makeDirectory(directory);
      await write(`${directory}/x`, 'x');
      await disk.remove(`${directory}/x`);
      await disk.remove(`${directory}/x`);
      expect(await disk.list(directory)).toEqual([]);
    });

    it('refuses to use a closed file', async () => {
      await disk.makeDirectory(directory);
      const file = await disk.open(`${directory}/x`, { create: true });
      await file.close();
      await expect(file.write(bytes('x'), 0)).rejects.toMatchObject({ code: 'EBADF' });
    });
  });
}
