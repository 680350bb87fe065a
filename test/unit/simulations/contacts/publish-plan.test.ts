import { describe, expect, test } from 'vitest';
import { parseContactTrace } from '../../../../simulations/contacts/contact-trace.ts';
import { parsePublishFile, roundRobinPlan } from '../../../../simulations/contacts/publish-plan.ts';
import { isSedgeError } from '../../../../src/errors/index.ts';

const TRACE = parseContactTrace('farm ferry 100 200\nferry town 300 400', 'trace');

function faultOf(text: string): string {
  try {
    parsePublishFile(text, 'messages.txt', TRACE);
  } catch (error) {
    if (isSedgeError(error, 'simulation.bad-publish-file')) return error.message;
  }
  return 'nothing';
}

describe('messages made up', () => {
  test('are published by all nodes in turn, from the first contact on', () => {
    const plan = roundRobinPlan(TRACE, { messages: 4, intervalMs: 60_000 });
    expect(plan.map(({ timeMs, node }) => `${timeMs / 1_000} ${TRACE.nodes[node]}`)).toEqual([
      '100 farm',
      '160 ferry',
      '220 town',
      '280 farm',
    ]);
  });
});

describe('a publish file', () => {
  test('gives time, node, topic and the rest of the line as payload', () => {
    const text =
      '\ufeff# readings\r\n20 town a/b  two words # no comment \r\n\r\n 10.5\tfarm site/temp 21.5\r\n30 farm t\n';
    expect(parsePublishFile(text, 'file', TRACE)).toEqual([
      { timeMs: 10_500, node: 0, topic: 'site/temp', payload: '21.5' },
      { timeMs: 20_000, node: 2, topic: 'a/b', payload: ' two words # no comment ' },
      { timeMs: 30_000, node: 0, topic: 't', payload: '' },
    ]);
  });

  test.each([
    ['10 farm', 'line: 1, reason: fewer than 3 fields'],
    ['10 farm t x\n20 boat t x', 'line: 2, reason: the trace has no node "boat"'],
    ['soon farm t x', '"soon" is not a number'],
    ['-1 farm t x', 'is negative'],
    ['1 farm site/# x', '"site/#" is no topic to publish on'],
    ['1 farm $realm/x x', "sedge's own"],
    [`1 farm t ${'x'.repeat(1_048_577)}`, 'the payload is over 1048576 bytes'],
    ['# nothing', 'file: messages.txt, reason: it holds no message'],
  ])('%.60j is refused with file, line and reason', (text, reason) => {
    expect(faultOf(text)).toContain('file: messages.txt');
    expect(faultOf(text)).toContain(reason);
  });
});
