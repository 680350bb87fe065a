import { describe, expect, it } from 'vitest';
import type { Entry, EpochId, LogId, Message } from '../../../src/entry/index.ts';
import { CursorFile, MemoryDisk } from '../../../src/journal/index.ts';
import { ArrivalReader } from '../../../src/mesh/arrival-reader.ts';
import { DurableProgress } from '../../../src/mesh/durable-progress.ts';
import { LogReader } from '../../../src/mesh/log-reader.ts';
import { contentOf } from '../../../src/mesh/message-content.ts';
import { type HadSoFar, type Originals, recognize } from '../../../src/mesh/republished-check.ts';
import { WasMarks } from '../../../src/mesh/was-marks.ts';

const OLD = 'author/00000000000000aa' as LogId;
const EPOCH = '00000000000000aa' as EpochId;
const NO_ORIGINALS: Originals = new Map();

function messageOf(text: string, was?: number): Message {
  const message = { topic: 't', payload: Buffer.from(text), timeMs: 7 };
  return was === undefined ? message : { ...message, was: { epoch: EPOCH, seq: was } };
}

function entryOf(epoch: string, seq: number, message: Message): Entry {
  return { author: 'author', epoch, seq, count: 1, channel: 'main', messages: [message] } as unknown as Entry;
}

/** A subscription that had the numbers below `next` of the old log. */
function hadBelow(next: number): HadSoFar {
  const marks = new Map<LogId, WasMarks>();
  return {
    isPast: (log, seq) => log === OLD && seq < next,
    marksOf: (log) => marks.get(log) ?? null,
    marksFor: (log) => {
      const made = marks.get(log) ?? new WasMarks();
      marks.set(log, made);
      return made;
    },
  };
}

const onDisk = (seq: number, text: string): Originals =>
  new Map([[`${EPOCH} ${seq}`, { position: 1, content: contentOf(messageOf(text)) }]]);

describe('a message that was published again', () => {
  const again = entryOf('00000000000000bb', 1, messageOf('one', 5));
  const byClone = entryOf('00000000000000cc', 1, messageOf('one', 5));

  it('was had if its first number was, and the same lies there', () => {
    expect(recognize(again, 0, onDisk(5, 'one'), hadBelow(6)).repeated).toBe(true);
  });

  it.each([
    ['another message lies there', onDisk(5, 'other'), hadBelow(6)],
    ['nothing lies there', NO_ORIGINALS, hadBelow(6)],
    ['its first number was not had', onDisk(5, 'one'), hadBelow(5)],
  ])('is new if %s', (_, originals, had) => {
    expect(recognize(again, 0, originals, had).repeated).toBe(false);
  });

  it('is had once, though two stores publish it again', () => {
    const had = hadBelow(1);
    expect(recognize(again, 0, NO_ORIGINALS, had).repeated).toBe(false);
    expect(recognize(byClone, 0, NO_ORIGINALS, had).repeated).toBe(true);
  });

  it('is another than what lost under the same number elsewhere', () => {
    const had = hadBelow(1);
    recognize(again, 0, NO_ORIGINALS, had);
    const other = entryOf('00000000000000cc', 1, messageOf('other', 5));
    expect(recognize(other, 0, NO_ORIGINALS, had).repeated).toBe(false);
  });

  it('makes the first one a repetition, should that still come', () => {
    const had = hadBelow(1);
    recognize(again, 0, NO_ORIGINALS, had);
    expect(recognize(entryOf(EPOCH, 5, messageOf('one')), 0, NO_ORIGINALS, had).repeated).toBe(true);
    expect(recognize(entryOf(EPOCH, 6, messageOf('one')), 0, NO_ORIGINALS, had).repeated).toBe(false);
  });
});

const origin = {
  device: '5e09e00000000001',
  epoch: 1,
  counter: 1,
  uptimeMs: 1,
  timeMs: 1,
  uncertaintyMs: 1,
};

it('holds the same under another number, and nothing else is the same', () => {
  const message: Message = { ...messageOf('x'), headers: { unit: 'K' }, publishId: { producer: 'p', n: 1 } };
  expect(contentOf({ ...message, was: { epoch: EPOCH, seq: 9 } })).toBe(contentOf(message));
  const others: Message[] = [
    { ...message, topic: 'u' },
    { ...message, payload: Buffer.from('y') },
    { ...message, timeMs: 8 },
    { ...message, headers: { unit: 'C' } },
    { ...message, retain: true },
    { ...message, publishId: { producer: 'p', n: 2 } },
    { ...message, origin },
    { ...message, client: { id: 'c' } },
    { ...message, client: { id: 'c', qos: 0 } },
  ];
  for (const other of others) expect(contentOf(other)).not.toBe(contentOf(message));
  const signed = { ...origin, signature: new Uint8Array(64), value: Uint8Array.of(1), topic: 't' };
  const origins = [origin, { ...origin, counter: 2 }, { ...origin, timeMs: 2 }, signed];
  expect(new Set(origins.map((one) => contentOf({ ...message, origin: one }))).size).toBe(origins.length);
});

it('has the name that versions without origins gave it', () => {
  const message: Message = { ...messageOf('x'), headers: { unit: 'K' }, publishId: { producer: 'p', n: 1 } };
  expect(contentOf(message)).toBe('e816e6b3da4c9b88');
});

it('is remembered over a restart of a durable subscription, once it was acknowledged', async () => {
  const disk = new MemoryDisk();
  const open = () => new DurableProgress(new CursorFile(disk, { directory: '/s', name: 'd' }), ['#']);
  const progress = open();
  expect(await progress.load()).toBeNull();
  await progress.create([]);
  const reader = new LogReader({ channel: 'main', log: OLD, next: 3, reported: [], marks: [] });
  for (const seq of [5, 6]) {
    reader.marks.note({ seq, content: `${seq}` });
    reader.marks.acknowledge({ seq, content: `${seq}` });
    await progress.save([reader]);
  }
  reader.marks.note({ seq: 7, content: '7' });
  await progress.save([reader]);
  await progress.close();
  const again = open();
  const kept = await again.load();
  await again.close();
  expect(kept!.logs).toEqual([
    {
      channel: 'main',
      log: OLD,
      next: 3,
      reported: [],
      marks: [
        { seq: 5, content: '5' },
        { seq: 6, content: '6' },
      ],
    },
  ]);
  expect(new LogReader(kept!.logs[0]!).marks.has({ seq: 6, content: '6' })).toBe(true);
});

it('forgets the oldest of too many', () => {
  const marks = new WasMarks();
  for (let seq = 0; seq < 16_385; seq++) marks.note({ seq, content: '' });
  expect(marks.size).toBe(16_384);
  expect(marks.has({ seq: 0, content: '' })).toBe(false);
});

it('was had in order of arrival, unless its epoch had ended when the reader passed', () => {
  const reader = new ArrivalReader(10, true);
  reader.next = 20;
  reader.noteEnd(OLD, 200);
  reader.next = 30;
  reader.noteEnd(OLD, 100);
  reader.next = 40;
  const had = (seq: number, position: number) => reader.isPast(OLD, seq, position);
  expect([had(50, 35), had(50, 9), had(50, 40)]).toEqual([true, false, false]);
  expect([had(150, 25), had(150, 35)]).toEqual([true, false]);
  expect([had(250, 15), had(250, 25)]).toEqual([true, false]);
});
