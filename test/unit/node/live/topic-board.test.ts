import { expect, test } from 'vitest';
import { TopicBoard } from '../../../../node/control/live/topic-board-state.ts';
import type { DeliveredMessage, EpochId, NodeId } from '../../../../src/index.ts';

function message(topic: string, payload: Uint8Array | string, author = 'barn'): DeliveredMessage {
  return {
    kind: 'message',
    author: author as NodeId,
    name: author,
    channel: 'main',
    epoch: '0011223344556677' as EpochId,
    seq: 1,
    timeMs: 1_000,
    offset: '0011223344556677:1',
    late: false,
    topic,
    payload: Buffer.from(payload),
  };
}

test('holds the last value of each topic, and tells what changed since a version', () => {
  const board = new TopicBoard();
  board.take(message('a', '1'));
  board.take(message('b', '2'));
  const before = board.version;
  board.take(message('a', '3', 'house'));
  expect(board.changedSince(0).map(({ topic, value }) => [topic, value])).toEqual([
    ['b', '2'],
    ['a', '3'],
  ]);
  expect(board.changedSince(before)).toEqual([
    expect.objectContaining({ id: 1, topic: 'a', value: '3', messages: 2, author: 1 }),
  ]);
  expect(board.authorsSince(0)).toEqual([
    [0, 'barn', 'barn'],
    [1, 'house', 'house'],
  ]);
  expect(board.authorsSince(before)).toEqual([[1, 'house', 'house']]);
});

test('lets the topic that was longest without news make room', () => {
  const board = new TopicBoard(2);
  for (const topic of ['a', 'b', 'a', 'c']) board.take(message(topic, topic));
  expect(board.changedSince(0).map(({ topic }) => topic)).toEqual(['a', 'c']);
  expect(board).toMatchObject({ topics: 2, messages: 4 });
  board.take(message('b', 'again'));
  expect(board.changedSince(0).map(({ id, topic }) => [id, topic])).toEqual([
    [3, 'c'],
    [4, 'b'],
  ]);
});

test('cuts long values between characters, and shows no bytes as text', () => {
  const board = new TopicBoard();
  board.take(message('long', `${'x'.repeat(255)}€uro`));
  board.take(message('bytes', Uint8Array.of(0xff, 0xfe)));
  const [long, bytes] = board.changedSince(0);
  expect(long).toMatchObject({ value: 'x'.repeat(255), payloadBytes: 261 });
  expect(bytes).toMatchObject({ value: null, payloadBytes: 2 });
});
