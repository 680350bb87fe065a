import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MemoryDisk, NodeDisk } from '../../../src/journal/index.ts';
import { describeDiskContract } from '../../contract/disk-contract.ts';

describeDiskContract('NodeDisk', async () => {
  const base = await mkdtemp(join(tmpdir(), 'sedge-disk-'));
  return {
    disk: new NodeDisk(),
    directory: `${base}/d`,
    dispose: () => rm(base, { recursive: true, force: true }),
  };
});

describeDiskContract('MemoryDisk', async () => ({
  disk: new MemoryDisk(),
  directory: '/d',
  dispose: async () => {},
}));

const bytes = (text: string) => new TextEncoder().encode(text);

describe('MemoryDisk', () => {
  async function diskWith(text: string, options: { sync: boolean; syncName: boolean }) {
    const disk = new MemoryDisk();
    await disk.makeDirectory('/d');
    const file = await disk.open('/d/x', { create: true });
    await file.write(bytes(text), 0);
    if (options.sync) await file.sync();
    if (options.syncName) await disk.syncDirectory('/d');
    return { disk, file };
  }

  it('loses unsynced bytes in a power cut and keeps synced ones', async () => {
    const { disk, file } = await diskWith('kept', { sync: true, syncName: true });
    await file.write(bytes('LOST more'), 0);
    const after = disk.crash({ keepUnsynced: 'none' });
    expect(after.file('/d/x').contents()).toEqual(bytes('kept'));
  });

  it('loses a name that was not synced, whatever the file holds', async () => {
    const { disk } = await diskWith('x', { sync: true, syncName: false });
    expect(await disk.crash({ keepUnsynced: 'none' }).list('/d')).toEqual([]);
  });

  it('goes back to the old contents of a replaced name', async () => {
    const { disk } = await diskWith('old', { sync: true, syncName: true });
    const file = await disk.open('/d/x.new', { create: true });
    await file.write(bytes('new'), 0);
    await file.sync();
    await disk.rename('/d/x.new', '/d/x');
    expect(disk.file('/d/x').contents()).toEqual(bytes('new'));
    expect(disk.crash({ keepUnsynced: 'none' }).file('/d/x').contents()).toEqual(bytes('old'));
  });

  it('keeps everything when only the process dies', async () => {
    const { disk } = await diskWith('x', { sync: false, syncName: false });
    expect(disk.crash({ keepUnsynced: 'all' }).file('/d/x').contents()).toEqual(bytes('x'));
  });

  it('tears an unsynced write', async () => {
    const { disk } = await diskWith('abcdef', { sync: false, syncName: true });
    const after = disk.crash({ keepUnsynced: 'random', random: () => 0.7 });
    expect(after.file('/d/x').contents()).toEqual(bytes('abcd'));
  });

  it('is dead after the cut, so that the old process cannot write any more', async () => {
    const { disk, file } = await diskWith('x', { sync: true, syncName: true });
    disk.crash({ keepUnsynced: 'all' });
    await expect(file.write(bytes('y'), 0)).rejects.toMatchObject({ code: 'EIO' });
    await expect(disk.list('/d')).rejects.toMatchObject({ code: 'EIO' });
  });

  it('takes a part of what does not fit and then says ENOSPC', async () => {
    const { disk, file } = await diskWith('1234', { sync: true, syncName: true });
    disk.capacityBytes = 6;
    await expect(file.write(bytes('abcdef'), 4)).rejects.toMatchObject({ code: 'ENOSPC' });
    expect(disk.file('/d/x').contents()).toEqual(bytes('1234ab'));
  });
});
