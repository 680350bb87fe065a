import { expect, test } from 'vitest';
import { TopicBoard } from '../../../../node/control/live/topic-board-state.ts';
import { TopicTable } from '../../../../node/dashboard/page/topic-table.js';
import type { DeliveredMessage, EpochId, NodeId } from '../../../../src/index.ts';

function message(topic: string, payload: string): DeliveredMessage {
  return {
    kind: 'message',
    author: 'node-1' as NodeId,
    name: 'barn',
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

/** What the stream would say of a board since a version. */
function batchOf(board: TopicBoard, since: number) {
  const rows = board.changedSince(since);
  return {
    messages: board.messages,
    authors: board.authorsSince(since),
    new: rows.flatMap(({ id, topic, channel, bornAt }): [number, string, string][] =>
      bornAt > since ? [[id, topic, channel]] : [],
    ),
    values: rows.map(
      ({
        id,
        value,
        payloadBytes,
        timeMs,
        author,
        messages,
      }): [number, string | null, number, number, number, number] => [
        id,
        value,
        payloadBytes,
        timeMs,
        author,
        messages,
      ],
    ),
  };
}

test('keeps the same topics as the board of the node, also where they make room', () => {
  const board = new TopicBoard(3);
  const table = new TopicTable();
  table.topicsMax = 3;
  let since = 0;
  for (const [round, topics] of [['a', 'b', 'c'], ['a'], ['d'], ['e', 'b'], ['a', 'a', 'f']].entries()) {
    for (const topic of topics) board.take(message(topic, String(round)));
    table.take(batchOf(board, since), round * 250);
    since = board.version;
    expect([...table.topics()].sort()).toEqual(
      board
        .changedSince(0)
        .map(({ topic }) => topic)
        .sort(),
    );
  }
  expect(table.get('a')).toMatchObject({ value: '4', authorName: 'barn', messages: 2 });
});

test('knows a rate that fades, and the last 40 numbers', () => {
  const board = new TopicBoard();
  const table = new TopicTable();
  for (let n = 0; n < 100; n++) {
    board.take(message('t', String(n)));
    table.take(batchOf(board, board.version - 1), n * 1_000);
  }
  const row = table.get('t')!;
  expect(row.rate(99_000)).toBeCloseTo(1, 0);
  expect(row.rate(160_000)).toBeLessThan(0.01);
  expect(row.trend()).toEqual(Array.from({ length: 40 }, (_, index) => 60 + index));
});
