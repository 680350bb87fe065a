import { describe, expect, it } from 'vitest';
import { type CentreRecord, readCentreRecords, writeCentreRecord } from '../../../node/demo/centre-record.ts';
import { DeliveryCheck, type DeliveryFindings, readingName } from '../../../node/demo/delivery-check.ts';

const PUBLISHED = new Map(
  [1, 2, 3, 4].map((hour) => [readingName('air/Gucheng/TEMP', String(hour)), `${hour}.5`]),
);

/** The message `seq` of a log, in a batch, that carries the reading of the hour of the same number. */
function arrival(seq: number, batch = 1, change: Partial<CentreRecord> = {}): CentreRecord {
  return {
    kind: 'message',
    batch,
    author: 'A',
    epoch: 'e',
    seq,
    topic: 'air/Gucheng/TEMP',
    observed: String(seq),
    value: `${seq}.5`,
    ...change,
  } as CentreRecord;
}

function findingsOf(...sessions: CentreRecord[][]): DeliveryFindings {
  const check = new DeliveryCheck(PUBLISHED);
  for (const session of sessions) check.takeSession(session);
  return check.findings();
}

const PERFECT = {
  published: 4,
  delivered: 4,
  lost: 0,
  duplicated: 0,
  redelivered: 0,
  outOfOrder: 0,
  gaps: 0,
  foreign: 0,
};

describe('the check of what reached the centre', () => {
  it('finds nothing where all arrived once and in order', () => {
    expect(findingsOf([arrival(1), arrival(2), arrival(3), arrival(4)])).toEqual(PERFECT);
  });
  it('counts a reading that did not arrive as lost', () => {
    expect(findingsOf([arrival(1), arrival(2), arrival(4)])).toEqual({ ...PERFECT, delivered: 3, lost: 1 });
  });
  it('counts a message that came twice', () => {
    const findings = findingsOf([arrival(1), arrival(2), arrival(2), arrival(3), arrival(4)]);
    expect(findings).toEqual({ ...PERFECT, duplicated: 1 });
  });
  it('counts a reading that was published under two numbers', () => {
    const again = arrival(5, 1, { observed: '4', value: '4.5' });
    expect(findingsOf([arrival(1), arrival(2), arrival(3), arrival(4), again])).toMatchObject({
      delivered: 4,
      duplicated: 1,
    });
  });
  it('counts what came behind a higher number of its log', () => {
    expect(findingsOf([arrival(1), arrival(3), arrival(2), arrival(4)])).toEqual({
      ...PERFECT,
      outOfOrder: 1,
    });
  });
  it('knows no order between logs', () => {
    const other = { author: 'B' };
    expect(findingsOf([arrival(3), arrival(1, 1, other), arrival(4), arrival(2, 1, other)])).toEqual(PERFECT);
  });
  it('counts gaps', () => {
    const gap: CentreRecord = { kind: 'gap', batch: 1, author: 'A', epoch: 'e', first: 2, last: 3 };
    expect(findingsOf([arrival(1), gap, arrival(4)])).toMatchObject({ gaps: 1, lost: 2 });
  });
  it('counts what nobody published, and a value that was changed', () => {
    const changed = arrival(1, 1, { value: '9' });
    const invented = arrival(7);
    expect(findingsOf([changed, arrival(2), arrival(3), arrival(4), invented])).toMatchObject({
      foreign: 2,
      lost: 1,
    });
  });

  it('excuses the repetition of what a centre had not acknowledged when it was killed', () => {
    const before = [arrival(1, 1), arrival(2, 2), arrival(3, 2)];
    const after = [arrival(2, 1), arrival(3, 1), arrival(4, 1)];
    expect(findingsOf(before, after)).toEqual({ ...PERFECT, redelivered: 2 });
  });
  it('does not excuse the repetition of what was acknowledged', () => {
    const before = [arrival(1, 1), arrival(2, 2), arrival(3, 2)];
    const after = [arrival(1, 1), arrival(4, 1)];
    expect(findingsOf(before, after)).toEqual({ ...PERFECT, duplicated: 1 });
  });
  it('excuses a repetition once', () => {
    const before = [arrival(1, 1), arrival(2, 1)];
    const after = [arrival(2, 1), arrival(2, 1), arrival(3, 1), arrival(4, 1)];
    expect(findingsOf(before, after)).toEqual({ ...PERFECT, redelivered: 1, duplicated: 1 });
  });
  it('excuses it also if the centre was killed again before anything came', () => {
    const before = [arrival(1, 1), arrival(2, 1)];
    expect(findingsOf(before, [], [arrival(2), arrival(3), arrival(4)])).toMatchObject({ redelivered: 1 });
  });
});

describe('the records of the centre', () => {
  it('come back as they were written', () => {
    const records: CentreRecord[] = [
      arrival(1, 7),
      { kind: 'gap', batch: 8, author: 'A', epoch: 'e', first: 2, last: 3 },
    ];
    expect(readCentreRecords(records.map(writeCentreRecord).join(''))).toEqual(records);
  });
  it('end before a line that was cut short', () => {
    const text = writeCentreRecord(arrival(1)) + writeCentreRecord(arrival(2)).slice(0, -5);
    expect(readCentreRecords(text)).toEqual([arrival(1)]);
  });
});
