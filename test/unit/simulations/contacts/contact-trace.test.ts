import { describe, expect, test } from 'vitest';
import { parseContactTrace } from '../../../../simulations/contacts/contact-trace.ts';
import { isSedgeError } from '../../../../src/errors/index.ts';

function contactsOf(text: string): string[] {
  const { nodes, contacts } = parseContactTrace(text, 'trace');
  return contacts.map(({ a, b, startMs, endMs }) => `${nodes[a]} ${nodes[b]} ${startMs} ${endMs}`);
}

function faultOf(text: string): string {
  try {
    parseContactTrace(text, 'meetings.txt');
  } catch (error) {
    if (isSedgeError(error, 'simulation.bad-trace')) return error.message;
  }
  return 'nothing';
}

describe('a contact trace', () => {
  test('may have comments, blank lines, tabs, decimals, CRLF and a byte order mark', () => {
    const text = '\ufeff# village\r\n\r\na\tb  1 2.5\r\n  b c .5 1e1 # by ferry\r\n#end';
    expect(contactsOf(text)).toEqual(['b c 500 10000', 'a b 1000 2500']);
  });

  test('names its nodes by first appearance and sorts its contacts by start', () => {
    const { nodes } = parseContactTrace('ferry b 50 60\na ferry 10 20\n', 'trace');
    expect(nodes).toEqual(['ferry', 'b', 'a']);
    expect(contactsOf('ferry b 50 60\na ferry 10 20')).toEqual([
      'ferry a 10000 20000',
      'ferry b 50000 60000',
    ]);
  });

  test('makes one contact of those of a pair that overlap or touch, whichever way round they are written', () => {
    expect(contactsOf('a b 10 20\nb a 15 18\nb a 20 30\na b 30.001 40\na c 20 30')).toEqual([
      'a b 10000 30000',
      'a c 20000 30000',
      'a b 30001 40000',
    ]);
  });

  test('may hold contacts of no length, and names of any script', () => {
    expect(contactsOf('Düne-1 渡し船 7 7')).toEqual(['Düne-1 渡し船 7000 7000']);
  });

  test.each([
    ['a b 1 2\na b 9 5', 'line: 2, reason: the end, 5, is before the start, 9'],
    ['a b x 5', 'line: 1, reason: "x" is not a number'],
    ['a b 1 0x10', '"0x10" is not a number'],
    ['a b 1 Infinity', '"Infinity" is not a number'],
    ['a b -1 5', 'the time -1 is negative'],
    ['a b 1 1e300', 'is over 10000000000 seconds'],
    ['\n# c\na a 1 5', 'line: 3, reason: "a" meets itself'],
    ['a b 1', '3 fields where there must be 4'],
    ['a b 1 2 3', '5 fields where there must be 4'],
    ['a#1 b#1 1 2', '1 fields where there must be 4'],
    [`a ${'b'.repeat(65)} 1 2`, 'is no name of a node'],
    ['a \u001b[31mred 1 2', '"�[31mred" is no name of a node'],
    ['', 'file: meetings.txt, reason: it holds no contact'],
    ['# nothing\n\n', 'it holds no contact'],
    [
      Array.from({ length: 3_001 }, (_, n) => `hub n${n} 1 2`).join('\n'),
      'line: 3000, reason: more than 3000 nodes',
    ],
  ])('%j is refused with file, line and reason', (text, reason) => {
    expect(faultOf(text)).toContain('file: meetings.txt');
    expect(faultOf(text)).toContain(reason);
  });
});
