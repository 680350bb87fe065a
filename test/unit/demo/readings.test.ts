import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Reading, readInTurn, readReadings, STATIONS } from '../../../node/demo/readings.ts';

let directory = '';
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sedge-readings-'));
});
afterAll(() => rm(directory, { recursive: true }));

async function all(readings: AsyncIterable<Reading>): Promise<Reading[]> {
  const list: Reading[] = [];
  for await (const reading of readings) list.push(reading);
  return list;
}

async function fileOf(...lines: string[]): Promise<string> {
  const file = join(directory, `${Math.random()}.csv`);
  await writeFile(file, lines.join('\n'));
  return file;
}

const HEADER = 'No,year,month,day,hour,PM2.5,TEMP,wd,station';

describe('the readings of the demo', () => {
  it('are the 97,602 values of December 2016 that are not NA', async () => {
    const readings = await all(readReadings(new Set(STATIONS)));
    expect(readings).toHaveLength(97_602);
    expect(new Set(readings.map((one) => one.station)).size).toBe(12);
    expect(new Set(readings.map((one) => one.quantity)).size).toBe(11);
    expect(readings.every((one) => Number.isFinite(Number(one.value)))).toBe(true);
  });

  it('name each value by station, quantity and hour, once', async () => {
    const readings = await all(readReadings(new Set(STATIONS)));
    const names = readings.map((one) => `${one.station}/${one.quantity}@${one.observed}`);
    expect(new Set(names).size).toBe(names.length);
  });

  it('come only from the stations asked for', async () => {
    const readings = await all(readReadings(new Set(['Gucheng'])));
    expect(readings).toHaveLength(8_127);
    expect(readings[0]).toEqual({
      station: 'Gucheng',
      quantity: 'PM2.5',
      value: '9',
      observed: '2016-12-01T00+08',
    });
  });

  it('leave out what a station lost', async () => {
    const file = await fileOf(HEADER, '1,2016,12,1,0,NA,3.5,E,X', '2,2016,12,1,1,7,NA,E,X');
    const readings = await all(readReadings(new Set(['X']), file));
    expect(readings.map((one) => one.value)).toEqual(['3.5', '7']);
  });

  it('of several stations come in turn until each has ended', async () => {
    const file = await fileOf(
      'No,year,month,day,hour,PM2.5,wd,station',
      '1,2016,12,1,0,1,E,X',
      '2,2016,12,1,1,2,E,X',
      '3,2016,12,1,2,3,E,X',
      '1,2016,12,1,0,7,E,Y',
    );
    const readings = await all(readInTurn(['X', 'Y'], file));
    expect(readings.map((one) => one.station + one.value)).toEqual(['X1', 'Y7', 'X2', 'X3']);
  });

  it('fail for a row that was cut short', async () => {
    const file = await fileOf(HEADER, '1,2016,12,1');
    await expect(all(readReadings(new Set(['X']), file))).rejects.toThrow('4 cells, not 9');
  });
});
