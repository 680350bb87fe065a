import { expect, test } from 'vitest';
import { isTopicFilter, topicMatches, topicSearch } from '../../../../node/dashboard/page/topic-filter.js';
import { topicTree, visibleRows } from '../../../../node/dashboard/page/topic-tree.js';

/** Rows as text: two spaces a level, `*` where a topic ends. */
function drawn(topics: readonly string[], isOpen: (path: string) => boolean = () => true): string[] {
  return visibleRows(topicTree(topics), ({ path }) => isOpen(path)).map(
    ({ node }) => `${'  '.repeat(node.depth)}${node.label}${node.topic === null ? ` ${node.topics}` : ' *'}`,
  );
}

test('joins levels that have one child, and sorts numbers by their value', () => {
  expect(drawn(['site/a/sensor10', 'site/a/sensor2', 'site/b/deep/er/x'])).toEqual([
    'site 3',
    '  a 2',
    '    sensor2 *',
    '    sensor10 *',
    '  b/deep/er/x *',
  ]);
});

test('has a row for a topic that is also a level above others', () => {
  expect(drawn(['a', 'a/b', 'a/b/c'])).toEqual(['a *', '  b *', '    c *']);
});

test('tells topics apart that differ in empty levels', () => {
  expect(drawn(['a', 'a/', '/a', 'a//b'])).toEqual(['/a *', 'a *', '   *', '    b *']);
});

test('shows what is below open levels alone, with places among siblings', () => {
  const rows = visibleRows(topicTree(['a/x', 'a/y', 'b/x', 'b/y']), ({ path }) => path === 'b');
  expect(rows.map(({ node, place, siblings, isOpen }) => [node.path, place, siblings, isOpen])).toEqual([
    ['a', 1, 2, false],
    ['b', 2, 2, true],
    ['b/x', 1, 2, false],
    ['b/y', 2, 2, false],
  ]);
});

test('makes a tree of 10,000 topics in which each is once', () => {
  const topics = Array.from({ length: 10_000 }, (_, n) => `site/${n % 7}/sensor-${n % 100}/${n}`);
  const rows = visibleRows(topicTree(topics), () => true);
  expect(new Set(rows.flatMap(({ node }) => node.topic ?? []))).toEqual(new Set(topics));
});

test.each([
  ['#', 'a/b', true],
  ['a/#', 'a', true],
  ['a/#', 'ab', false],
  ['a/+/c', 'a/b/c', true],
  ['a/+', 'a/b/c', false],
  ['+', '$alerts', false],
  ['$alerts/#', '$alerts/x', true],
  ['a//b', 'a//b', true],
])('filter %s and topic %s: %s', (filter, topic, matches) => {
  expect(topicMatches(filter, topic)).toBe(matches);
});

test('searches by a filter where there is a wildcard, else by a part', () => {
  expect(topicSearch('  ')).toBeNull();
  expect(topicSearch('TEMP')!('site/temp')).toBe(true);
  expect(topicSearch('site/+')!('site/a/temp')).toBe(false);
  expect(topicSearch('c++')!('lang/c++/x')).toBe(true);
});

test('knows what is a filter', () => {
  expect(['#', 'a/+/b', 'a/#', '/a', 'a'].every(isTopicFilter)).toBe(true);
  expect(['', '#/a', 'a#', 'a+/b'].some(isTopicFilter)).toBe(false);
});
