import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkTopic, TopicFilter } from '../../../src/topic/index.ts';

function filter(text: string): TopicFilter {
  const parsed = TopicFilter.parse(text);
  if (!parsed.ok) throw new Error(`${text}: ${parsed.code}`);
  return parsed.value;
}

describe('a topic', () => {
  it.each([
    'a',
    '/',
    '//',
    'a/b',
    '/a',
    'a/',
    ' ',
    'a b',
    'Ü/ñ',
    '😀',
    'a$b',
    'a/$b',
    'x'.repeat(1_024),
    'é'.repeat(512),
    'x/'.repeat(63),
  ])('may be %j', (text) => {
    expect(checkTopic(text)).toEqual({ ok: true, value: text });
  });

  it.each([
    ['', 'topic.empty'],
    ['x'.repeat(1_025), 'topic.too-long'],
    ['é'.repeat(513), 'topic.too-long'],
    ['x'.repeat(1_000_000), 'topic.too-long'],
    ['x/'.repeat(64), 'topic.too-deep'],
    ['a\0', 'topic.bad-character'],
    ['\ud800', 'topic.bad-character'],
    ['a\udc00b', 'topic.bad-character'],
    ['+', 'topic.wildcard'],
    ['#', 'topic.wildcard'],
    ['a/+/b', 'topic.wildcard'],
    ['a/b#', 'topic.wildcard'],
    ['a+b', 'topic.wildcard'],
    ['$', 'topic.reserved'],
    ['$SYS/x', 'topic.reserved'],
    ['$realm/grant', 'topic.reserved'],
  ])('may not be %j', (text, code) => {
    expect(checkTopic(text)).toEqual({ ok: false, code });
  });

  it('may start with $ where that is allowed, and no more than that', () => {
    expect(checkTopic('$realm/grant', { allowReserved: true }).ok).toBe(true);
    expect(checkTopic('$realm/+', { allowReserved: true })).toEqual({ ok: false, code: 'topic.wildcard' });
  });
});

describe('a filter', () => {
  it.each(['#', '+', '/', '+/+', '/+', '+/', 'a/#', '+/#', '$SYS/#', 'a//#', 'x/'.repeat(63)])(
    'may be %j',
    (text) => {
      expect(filter(text).text).toBe(text);
    },
  );

  it.each([
    ['', 'topic.empty'],
    ['a#', 'topic.bad-filter'],
    ['a/b#', 'topic.bad-filter'],
    ['#/a', 'topic.bad-filter'],
    ['a/#/b', 'topic.bad-filter'],
    ['##', 'topic.bad-filter'],
    ['a+', 'topic.bad-filter'],
    ['+a/b', 'topic.bad-filter'],
    ['a/++', 'topic.bad-filter'],
    ['+#', 'topic.bad-filter'],
    ['a\0/#', 'topic.bad-character'],
    ['x'.repeat(1_025), 'topic.too-long'],
    ['x/'.repeat(64), 'topic.too-deep'],
  ])('may not be %j', (text, code) => {
    expect(TopicFilter.parse(text)).toEqual({ ok: false, code });
  });

  // The examples of MQTT 5.0, sections 4.7.1 and 4.7.2, and their neighbours.
  it.each([
    [
      'sport/tennis/player1/#',
      ['sport/tennis/player1', 'sport/tennis/player1/ranking', 'sport/tennis/player1/score/wimbledon'],
      ['sport/tennis', 'sport/tennis/player10'],
    ],
    ['sport/#', ['sport', 'sport/', 'sport/a'], ['sports', '/sport', '']],
    ['#', ['a', '/', 'a/b/c', '/a'], ['$SYS', '$SYS/a', '$']],
    [
      'sport/tennis/+',
      ['sport/tennis/player1', 'sport/tennis/'],
      ['sport/tennis', 'sport/tennis/player1/ranking'],
    ],
    ['sport/+', ['sport/', 'sport/a'], ['sport', 'sport/a/b']],
    ['+', ['a', 'b'], ['/a', 'a/b', '$a']],
    ['+/+', ['/finance', 'a/b', '/'], ['finance', 'a/b/c', '$SYS/a']],
    ['/+', ['/finance', '/'], ['finance']],
    ['+/tennis/#', ['sport/tennis', '/tennis', 'a/tennis/b/c'], ['tennis', 'a/b', '$a/tennis']],
    ['+/monitor/Clients', ['a/monitor/Clients'], ['$SYS/monitor/Clients']],
    ['$SYS/#', ['$SYS', '$SYS/a', '$SYS/$a'], ['$SYSx', 'SYS']],
    ['$SYS/monitor/+', ['$SYS/monitor/Clients'], ['$SYS/monitor']],
    ['a/$b/+', ['a/$b/c'], ['a/b/c']],
    ['a/+/#', ['a/b', 'a/', 'a/b/c/d'], ['a', 'b/b']],
    ['a', ['a'], ['A', 'a/', '/a', 'aa']],
    ['a/b', ['a/b'], ['a/b/', 'a']],
  ])('%j takes and leaves what MQTT says', (text, takes, leaves) => {
    for (const topic of takes) expect(filter(text).matches(topic), topic).toBe(true);
    for (const topic of leaves) expect(filter(text).matches(topic), topic).toBe(false);
  });

  it('matches as a regular expression made from it does', () => {
    const level = fc.constantFrom('', 'a', 'b', 'ab', '$', '$a', '.', 'a.', '😀');
    const topics = fc.array(level, { minLength: 1, maxLength: 5 }).map((levels) => levels.join('/'));
    const filters = fc
      .tuple(
        fc.array(fc.oneof(level, fc.constant('+')), { minLength: 1, maxLength: 5 }),
        fc.boolean(),
        fc.boolean(),
      )
      .map(([levels, open, alone]) => (open ? (alone ? '#' : `${levels.join('/')}/#`) : levels.join('/')));
    fc.assert(
      fc.property(filters, topics, (text, topic) => {
        fc.pre(text !== '' && topic !== '');
        expect(filter(text).matches(topic)).toBe(modelOf(text).test(topic));
      }),
      { numRuns: 3_000 },
    );
  });

  function modelOf(text: string): RegExp {
    if (text === '#') return /^[^$]/s;
    const open = text.endsWith('/#');
    const levels = (open ? text.slice(0, -2) : text).split('/');
    const parts = levels.map((level) => (level === '+' ? '[^/]*' : level.replace(/[.$]/g, '\\$&')));
    const start = levels[0] === '+' ? '(?!\\$)' : '';
    return new RegExp(`^${start}${parts.join('/')}${open ? '(?:/.*)?' : ''}$`, 's');
  }
});
