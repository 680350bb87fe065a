import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkTopic, TopicFilter } from '../../../src/topic/index.ts';

function filterOf(text: string): TopicFilter {
  const filter = TopicFilter.parse(text);
  if (!filter.ok) throw new Error(`${text}: ${filter.code}`);
  return filter.value;
}

describe('checkTopic', () => {
  it.each([
    'a',
    'site/greenhouse/temp',
    '/',
    '//',
    ' ',
    'Ä/温度/🌡',
    'a'.repeat(1_024),
    '/'.repeat(63),
    'a$/$b',
  ])('takes %j', (topic) => {
    expect(checkTopic(topic)).toEqual({ ok: true, value: topic });
  });

  it.each([
    ['', 'topic.empty'],
    ['a'.repeat(1_025), 'topic.too-long'],
    ['é'.repeat(513), 'topic.too-long'],
    ['/'.repeat(64), 'topic.too-deep'],
    ['a/+/b', 'topic.wildcard'],
    ['a/#', 'topic.wildcard'],
    ['a+b', 'topic.wildcard'],
    ['a\u0000b', 'topic.bad-character'],
    ['a\ud800b', 'topic.bad-character'],
    ['a\udc00', 'topic.bad-character'],
    ['$realm/grant', 'topic.reserved'],
    ['$', 'topic.reserved'],
  ])('refuses %j as %s', (topic, code) => {
    expect(checkTopic(topic)).toEqual({ ok: false, code });
  });

  it("takes sedge's own topics on request", () => {
    expect(checkTopic('$realm/grant', { allowReserved: true }).ok).toBe(true);
    expect(checkTopic('$realm/#', { allowReserved: true }).ok).toBe(false);
  });
});

describe('TopicFilter', () => {
  it.each(['#', '+', '+/+', 'a/#', '/#', '+/#', '/', '$realm/#', 'a//b', '/+'])('reads %j', (text) => {
    expect(filterOf(text).text).toBe(text);
  });

  it.each([
    ['', 'topic.empty'],
    ['a#', 'topic.bad-filter'],
    ['a/#b', 'topic.bad-filter'],
    ['#/a', 'topic.bad-filter'],
    ['a/#/b', 'topic.bad-filter'],
    ['##', 'topic.bad-filter'],
    ['a+', 'topic.bad-filter'],
    ['+a/b', 'topic.bad-filter'],
    ['a/++', 'topic.bad-filter'],
    ['a\u0000', 'topic.bad-character'],
    ['a/\ud800/#', 'topic.bad-character'],
    ['a'.repeat(1_025), 'topic.too-long'],
    ['/'.repeat(64), 'topic.too-deep'],
  ])('refuses %j as %s', (text, code) => {
    expect(TopicFilter.parse(text)).toEqual({ ok: false, code });
  });

  // The examples of OASIS MQTT 5.0, section 4.7.1 and 4.7.2, and their edges.
  it.each([
    [
      'sport/tennis/player1/#',
      ['sport/tennis/player1', 'sport/tennis/player1/ranking', 'sport/tennis/player1/score/w'],
    ],
    ['sport/#', ['sport', 'sport/', 'sport/tennis']],
    ['#', ['a', '/', 'a/b/c', '/a']],
    ['sport/tennis/+', ['sport/tennis/player1', 'sport/tennis/']],
    ['sport/+', ['sport/']],
    ['+/+', ['/finance', 'a/b']],
    ['/+', ['/finance', '/']],
    ['+', ['finance']],
    ['+/tennis/#', ['sport/tennis', 'sport/tennis/x/y', '/tennis']],
    ['$SYS/#', ['$SYS', '$SYS/', '$SYS/broker']],
    ['$SYS/monitor/+', ['$SYS/monitor/Clients']],
    ['/#', ['/', '/a', '/a/b']],
    ['a/+/c', ['a//c', 'a/b/c']],
    ['温/+', ['温/度']],
  ])('%j matches %j', (filter, topics) => {
    for (const topic of topics) expect(filterOf(filter).matches(topic), topic).toBe(true);
  });

  it.each([
    [
      'sport/tennis/player1/#',
      ['sport/tennis', 'sport/tennis/player2', 'sport/tennis/player10', 'Sport/tennis/player1'],
    ],
    ['sport/#', ['sports', 'sports/a', 'spor', '/sport']],
    ['sport/tennis/+', ['sport/tennis', 'sport/tennis/player1/ranking']],
    ['sport/+', ['sport', 'sport/a/b']],
    ['+', ['/finance', 'a/b']],
    ['#', ['$SYS', '$SYS/broker', '$realm/grant']],
    ['+/monitor/Clients', ['$SYS/monitor/Clients']],
    ['+/#', ['$SYS', '$SYS/x']],
    ['/#', ['a', 'a/b']],
    ['a/b', ['a', 'a/b/', 'a/b/c', 'a/B', 'xa/b']],
    ['a/+/c', ['a/c', 'a/b', 'a/b/c/d', 'a/b/cc']],
  ])('%j does not match %j', (filter, topics) => {
    for (const topic of topics) expect(filterOf(filter).matches(topic), topic).toBe(false);
  });

  it('agrees with a model made of a regular expression', () => {
    const level = fc.constantFrom('', 'a', 'b', 'ab', '$', '$a', 'é', 'a.b', '^');
    const topics = fc.array(level, { minLength: 1, maxLength: 5 }).map((levels) => levels.join('/'));
    const filters = fc
      .tuple(fc.array(fc.oneof(level, fc.constant('+')), { maxLength: 4 }), fc.boolean())
      .map(([levels, open]) => (open ? [...levels, '#'] : levels).join('/'));
    fc.assert(
      fc.property(topics, filters, (topic, filter) => {
        fc.pre(topic !== '' && filter !== '');
        expect(filterOf(filter).matches(topic), `${filter} on ${topic}`).toBe(modelOf(filter, topic));
      }),
      { numRuns: 5_000 },
    );
  });

  it('never throws on any text, and matches each topic with itself', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
        const filter = TopicFilter.parse(text);
        if (checkTopic(text, { allowReserved: true }).ok)
          expect(filter.ok && filter.value.matches(text)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});

/** Slow and plain: the filter as a regular expression over the whole topic. */
function modelOf(filter: string, topic: string): boolean {
  if (topic.startsWith('$') && /^[+#]/.test(filter)) return false;
  const escaped = (text: string) => text.replace(/[.*?^${}()|[\]\\]/g, '\\$&');
  const open = filter === '#' || filter.endsWith('/#');
  const levels = open ? filter.split('/').slice(0, -1) : filter.split('/');
  const body = levels.map((level) => (level === '+' ? '[^/]*' : escaped(level))).join('/');
  if (filter === '#') return true;
  return new RegExp(`^${body}${open ? '(/.*)?' : ''}$`, 's').test(topic);
}
