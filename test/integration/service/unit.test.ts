import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { MEMORY_MAX, unitText } from '../../../node/service/unit-text.ts';
import { describeWith } from '../../firmware/toolchain.ts';
import { runNode } from '../run-node.ts';

const run = promisify(execFile);
/** "OK" in systemd's own words; 10 is worst. */
const EXPOSURE_MAX = 3.0;
/** Known to systemd from 254 on. */
const NEWER_KEYS = /Unknown key(?: name)? '(?:RestartSteps|RestartMaxDelaySec)'/;

let directory: string;
let file: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sedge-unit-'));
  file = join(directory, 'sedge.service');
  // Any program will do: what it is plays no part.
  const command = [process.execPath, '/a folder/100%/main.js'];
  await writeFile(file, unitText({ command, memoryMax: MEMORY_MAX }));
});

afterAll(() => rm(directory, { recursive: true, force: true }));

describeWith(['systemd'], 'the unit', () => {
  it('is rated by systemd as little exposed', async () => {
    const { stdout } = await run('systemd-analyze', ['security', '--offline=yes', '--no-pager', file]);
    const exposure = Number(/Overall exposure level for sedge\.service: ([\d.]+)/.exec(stdout)?.[1]);
    expect(exposure).toBeGreaterThan(0);
    expect(exposure).toBeLessThanOrEqual(EXPOSURE_MAX);
  });

  it('is understood by systemd', async () => {
    const { stderr } = await run('systemd-analyze', ['verify', file]).catch(
      (error) => error as { stderr: string },
    );
    // Of the machine's other units, which it reads too, nothing is asked.
    const complaints = stderr
      .split('\n')
      .filter((line) => line.includes('sedge.service') && !NEWER_KEYS.test(line));
    expect(complaints).toEqual([]);
  });
});

describeWith(['systemd'], '"sedge service" in the files of another system', () => {
  const service = (...words: readonly string[]) =>
    runNode([
      'node/main.js',
      '--dir',
      join(directory, 'node'),
      'service',
      ...words,
      '--root',
      join(directory, 'root'),
    ]);

  it('says what it would do, with the whole unit, and does nothing', async () => {
    const { stdout, exitCode } = await service('install', '--dry-run');
    expect(exitCode).toBe(0);
    expect(stdout).toContain('          ProtectSystem=strict\n');
    await expect(readFile(join(directory, 'root/etc/sedge/sedge.yaml'))).rejects.toThrow('ENOENT');
  });

  it('asks, and does nothing where nobody can answer', async () => {
    const { stderr, exitCode } = await service('install');
    expect(exitCode).toBe(2);
    expect(stderr).toContain('give --yes');
    await expect(readFile(join(directory, 'root/etc/sedge/sedge.yaml'))).rejects.toThrow('ENOENT');
  });
});
