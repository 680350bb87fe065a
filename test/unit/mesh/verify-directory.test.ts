import { mkdtemp, open, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type LogVerification, openMesh, verifyDirectory } from '../../../src/mesh/index.ts';
import { initRealmDirectory } from '../../../src/realm/index.ts';

describe('verifying a directory', () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'sedge-verify-'));
    await initRealmDirectory(directory, { realmName: 'farm', nodeName: 'pi' });
    const mesh = await openMesh({ directory, mdns: false, listen: [] });
    await mesh.start();
    for (let n = 0; n < 20; n++) await mesh.publish('site/temp', `reading ${n} of a long row of readings`);
    await mesh.stop();
  });

  afterEach(() => rm(directory, { recursive: true }));

  it('finds nothing wrong with what a node wrote', async () => {
    const rows = await all();
    expect(rows.every(({ ok }) => ok)).toBe(true);
    expect(rows.reduce((sum, { messages }) => sum + messages, 0)).toBeGreaterThanOrEqual(20);
  });

  it('names the file and the bytes that are damaged', async () => {
    const { file, at } = await flipInLargestSegment();
    const damage = (await all()).flatMap((row) => row.damage);
    expect(damage).toHaveLength(1);
    expect(damage[0]!.file).toBe(file);
    expect(damage[0]!.from).toBeLessThanOrEqual(at);
    expect(damage[0]!.to).toBeGreaterThan(at);
  });

  async function all(): Promise<LogVerification[]> {
    const rows: LogVerification[] = [];
    for await (const row of verifyDirectory(directory)) rows.push(row);
    return rows;
  }

  /** Changes a byte in the middle of the segment of `main`, which holds the most. */
  async function flipInLargestSegment(): Promise<{ file: string; at: number }> {
    const files: { file: string; size: number }[] = [];
    for (const channel of await readdir(join(directory, 'journal'))) {
      for (const name of await readdir(join(directory, 'journal', channel))) {
        if (!name.endsWith('.segment')) continue;
        const opened = await open(join(directory, 'journal', channel, name));
        files.push({ file: `journal/${channel}/${name}`, size: (await opened.stat()).size });
        await opened.close();
      }
    }
    const { file, size } = files.sort((a, b) => b.size - a.size)[0]!;
    const at = Math.floor(size / 2);
    const opened = await open(join(directory, file), 'r+');
    const byte = Buffer.alloc(1);
    await opened.read(byte, 0, 1, at);
    await opened.write(Buffer.of(byte[0]! ^ 0xff), 0, 1, at);
    await opened.close();
    return { file, at };
  }
});
