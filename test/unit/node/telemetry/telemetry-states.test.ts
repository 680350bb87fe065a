import { mkdir, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type BacklogFacts, forecastBacklog } from '../../../../node/telemetry/backlog-forecast.ts';
import { deviceWrittenBytes, findBlockDevice } from '../../../../node/telemetry/block-device.ts';
import { remainingSeconds } from '../../../../node/telemetry/card-life.ts';
import { CardWatch } from '../../../../node/telemetry/card-watch.ts';
import { processWrittenBytes } from '../../../../node/telemetry/process-writes.ts';
import { RateState } from '../../../../node/telemetry/rate-state.ts';

const DAY_S = 86_400;

describe('a rate', () => {
  it('is that of the window, whatever came before', () => {
    const rates = new RateState({ windowMs: 10_000, everyMs: 1_000 });
    for (let second = 0; second <= 20; second++) {
      // A burst in the first ten seconds, nothing after.
      rates.note(second * 1_000, new Map([['n', Math.min(second, 10) * 50]]));
    }
    expect(rates.overMs(20_000)).toBe(10_000);
    expect(rates.perSecond(20_000, 'n', 500)).toBe(0);
    expect(rates.perSecond(20_000, 'n', 1_000)).toBe(50);
  });

  it('is 0 before there is anything to compare with, and never negative', () => {
    const rates = new RateState({ windowMs: 10_000, everyMs: 1_000 });
    expect(rates.perSecond(5, 'n', 100)).toBe(0);
    rates.note(0, new Map([['n', 100]]));
    expect(rates.perSecond(1_000, 'n', 40)).toBe(0);
  });

  it('counts what is new from 0', () => {
    const rates = new RateState({ windowMs: 10_000, everyMs: 1_000 });
    rates.note(0, new Map());
    expect(rates.perSecond(2_000, 'alarm received', 8)).toBe(4);
  });

  it('keeps few samples however often it is asked to', () => {
    const rates = new RateState({ windowMs: 10_000, everyMs: 1_000 });
    for (let ms = 0; ms < 100_000; ms += 10) rates.note(ms, new Map([['n', ms]]));
    expect(rates.overMs(99_990)).toBeLessThan(12_000);
    expect(rates.perSecond(99_990, 'n', 99_990)).toBeCloseTo(1_000);
  });
});

describe('the forecast of a backlog', () => {
  const facts: BacklogFacts = {
    missing: 100,
    oldestMissingMs: 3_600_000,
    bytesPerMessage: 200,
    bytesPerSecond: 0,
    messagesPerSecond: 0,
    ageMsMax: null,
    bytesMax: null,
    messagesMax: null,
  };

  it('is nothing without limits, nor where a limit is never reached', () => {
    expect(forecastBacklog(facts)).toBeNull();
    expect(forecastBacklog({ ...facts, bytesMax: 1e9, messagesMax: 1e6 })).toBeNull();
  });

  it('is when the oldest that is missing reaches the age', () => {
    expect(forecastBacklog({ ...facts, ageMsMax: 86_400_000 })).toEqual({ inMs: 82_800_000, limit: 'age' });
    expect(forecastBacklog({ ...facts, ageMsMax: 1_000 })).toEqual({ inMs: 0, limit: 'age' });
  });

  it('is when what is missing fills the size, at the present rate', () => {
    const filling = { ...facts, bytesMax: 120_000, bytesPerSecond: 1_000 };
    expect(forecastBacklog(filling)).toEqual({ inMs: 100_000, limit: 'bytes' });
    expect(forecastBacklog({ ...filling, messagesMax: 110, messagesPerSecond: 1 })).toEqual({
      inMs: 10_000,
      limit: 'messages',
    });
  });

  it('says now where more is missing than is kept', () => {
    expect(forecastBacklog({ ...facts, messagesMax: 50 })).toEqual({ inMs: 0, limit: 'messages' });
  });
});

describe('the life of a card', () => {
  it('is what its cells can take over what is written to them', () => {
    const wear = { bytes: 32e9, enduranceCycles: 1_000, writeAmplification: 4, wornFraction: null };
    // 32 TB of cells, 4 x 8 GB a day.
    expect(remainingSeconds({ ...wear, bytesPerSecond: 8e9 / DAY_S })).toBeCloseTo(1_000 * DAY_S);
    expect(remainingSeconds({ ...wear, wornFraction: 0.75, bytesPerSecond: 8e9 / DAY_S })).toBeCloseTo(
      250 * DAY_S,
    );
    expect(remainingSeconds({ ...wear, bytesPerSecond: 0 })).toBeNull();
  });
});

describe('the disk of a directory', () => {
  let root: string;
  afterEach(() => rm(root, { recursive: true }));

  /** A tree as the kernel shows it, with this directory's device on a partition of an eMMC. */
  async function fakeSys(lifeTime: string): Promise<string> {
    root = await mkdtemp(join(tmpdir(), 'sedge-sys-'));
    const { dev } = await stat(root, { bigint: true });
    const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & ~0xfffn);
    const minor = (dev & 0xffn) | ((dev >> 12n) & ~0xffn & 0xffffffffn);
    const disk = join(root, 'block/mmcblk0');
    await mkdir(join(disk, 'mmcblk0p2'), { recursive: true });
    await mkdir(join(disk, 'device'));
    await mkdir(join(root, 'dev/block'), { recursive: true });
    await writeFile(join(disk, 'mmcblk0p2/partition'), '2\n');
    await writeFile(join(disk, 'size'), '62333952\n');
    await writeFile(join(disk, 'device/life_time'), lifeTime);
    await writeFile(join(disk, 'stat'), '  100 0 200 30   40 0 5000 60 0 0 0 0 0 0 0 0 0\n');
    await symlink(join(disk, 'mmcblk0p2'), join(root, `dev/block/${major}:${minor}`));
    return root;
  }

  it('is the whole card behind a partition, with its size, wear and writes', async () => {
    const sys = await fakeSys('0x03 0x01\n');
    const device = findBlockDevice(root, sys);
    expect(device).toEqual({ name: 'mmcblk0', bytes: 62_333_952 * 512, wornFraction: 0.3 });
    expect(deviceWrittenBytes(device!, sys)).toBe(5_000 * 512);
  });

  it('has no life that is told from less than an hour', async () => {
    const sys = await fakeSys('0x00 0x00\n');
    const written = 5_000 * 512;
    const watch = (machineUptimeMs: number) => {
      const card = new CardWatch({ directory: root, sys, machineUptimeMs: () => machineUptimeMs });
      card.start();
      card.sample(0, 0);
      return card;
    };
    const own = { agentBytes: 3_600_000, diskBytes: null };
    const young = watch(1_800_000).telemetry(1_000, own);
    expect(young).toMatchObject({ writtenBy: 'all', measuredOverMs: 1_000, remainingSeconds: null });
    const sinceBoot = watch(7_200_000).telemetry(1_000, own);
    expect(sinceBoot).toMatchObject({
      measuredOverMs: 7_200_000,
      writtenBytesPerSecond: written / 7_200,
      remainingSeconds: (62_333_952 * 512 * 1_000) / ((written / 7_200) * 4),
    });
    // From then on what the agent saw itself: nothing, but its own.
    const later = watch(7_200_000).telemetry(3_600_000, own);
    expect(later).toMatchObject({
      measuredOverMs: 3_600_000,
      writtenBytesPerSecond: 0,
      remainingSeconds: null,
    });
    expect(later.agentBytesPerSecond).toBeCloseTo(1_000);
  });

  it('says nothing of its wear where the card does not', async () => {
    const sys = await fakeSys('0x00 0x00\n');
    expect(findBlockDevice(root, sys)?.wornFraction).toBeNull();
  });

  it('is not known where the kernel shows none', async () => {
    root = await mkdtemp(join(tmpdir(), 'sedge-sys-'));
    expect(findBlockDevice(root, root)).toBeNull();
    expect(deviceWrittenBytes({ name: 'mmcblk0', bytes: 1, wornFraction: null }, root)).toBeNull();
  });
});

describe('what a process has written', () => {
  it('is what the kernel counts, less what was taken back', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sedge-io-'));
    const file = join(folder, 'io');
    await writeFile(file, 'rchar: 5\nwrite_bytes: 8192\ncancelled_write_bytes: 4096\n');
    expect(processWrittenBytes(file)).toBe(4_096);
    await rm(folder, { recursive: true });
    expect(processWrittenBytes(file)).toBeNull();
  });
});
