import { el, setAttribute, setText, show } from '../dom.js';
import { ago, bytes, count, dateTime, plural, timeOfDay } from '../format.js';
import { emptyState } from '../pieces.js';
import { sparkline } from '../sparkline.js';
import { topicSearch } from '../topic-filter.js';
import { topicTree, visibleRows } from '../topic-tree.js';
import { VirtualTree } from '../virtual-tree.js';
import { TopicDetail } from './topic-detail.js';

/** So few topics are all shown at once. */
const ALL_OPEN_MAX = 60;
/** The tree is made anew at most so often while topics come. */
const REBUILD_MS = 500;

/** Topics as a tree with their last values. @param {import('../context.js').Context} context @param {string} rest @returns {import('../context.js').View} */
export function topics(context, rest) {
  const tree = new TopicTreePane(context);
  const detail = el('section', { class: 'detail', 'aria-label': 'Chosen topic' });
  const element = el('div', { class: 'topics' }, tree.element, detail);
  /** @type {TopicDetail | null} */
  let chosen = null;

  /** @param {string} topic */
  function choose(topic) {
    tree.select(topic);
    chosen?.close();
    chosen = topic === '' ? null : new TopicDetail(context, topic);
    context.watch(topic === '' ? [] : [topic]);
    setAttribute(element, 'data-chosen', topic === '' ? null : '');
    detail.replaceChildren(
      chosen?.element ??
        el(
          'p',
          { class: 'hint' },
          'Choose a topic to see its values as they come, a plot and what came before.',
        ),
    );
  }
  choose(rest);
  return {
    element,
    route: choose,
    update() {
      tree.update();
      chosen?.update();
    },
    take: (batch) => chosen?.take(batch.messages),
    close: () => chosen?.close(),
  };
}

/** The tree, its search box and what it says of itself. */
class TopicTreePane {
  #context;
  #search = el('input', {
    id: 'topic-search',
    type: 'search',
    placeholder: 'Search, or a filter: site/+/temp',
    autocomplete: 'off',
    spellcheck: 'false',
    input: () => this.#rebuild(),
  });
  #summary = el('p', { class: 'note', role: 'status' });
  #empty = el(
    'div',
    { class: 'empty' },
    emptyState('Nothing was published yet.', 'sedge pub site/greenhouse/temp 21.5'),
  );
  #tree;
  /** Levels that a person opened or closed. @type {Map<string, boolean>} */
  #opened = new Map();
  #selected = '';
  #structure = -1;
  #rebuiltAtMs = 0;
  #found = 0;
  #openAll = true;
  #searching = false;

  /** @param {import('../context.js').Context} context */
  constructor(context) {
    this.#context = context;
    this.#tree = new VirtualTree({
      label: 'Topics',
      makeRow,
      fillRow: (element, row) => this.#fillRow(element, row),
      describe: ({ node, isOpen, place, siblings }) => ({
        level: node.depth + 1,
        place,
        siblings,
        open: node.children.length === 0 ? null : isOpen,
        selected: node.topic !== null && node.topic === this.#selected,
      }),
      onChoose: ({ node }) => {
        if (node.topic !== null) context.go(`topics/${encodeURIComponent(node.topic)}`);
      },
      onToggle: ({ node }, open) => {
        this.#opened.set(node.path, open);
        this.#rebuild();
      },
      parentOf: (rows, index) => {
        const depth = rows[index]?.node.depth ?? 0;
        for (let at = index - 1; at >= 0; at--) if ((rows[at]?.node.depth ?? 0) < depth) return at;
        return index;
      },
    });
    this.element = el(
      'section',
      { class: 'tree-pane', 'aria-label': 'All topics' },
      el('label', { for: 'topic-search', class: 'visually-hidden' }, 'Search topics'),
      this.#search,
      this.#summary,
      this.#empty,
      this.#tree.element,
    );
  }

  /** @param {string} topic */
  select(topic) {
    this.#selected = topic;
    const levels = topic.split('/');
    // The way to it is open.
    for (let count = 1; count < levels.length; count++)
      this.#opened.set(levels.slice(0, count).join('/'), true);
    this.#rebuild();
  }

  update() {
    const { topics } = this.#context.state;
    if (topics.structure !== this.#structure && performance.now() - this.#rebuiltAtMs > REBUILD_MS)
      this.#rebuild();
    else this.#tree.update();
    this.#say();
  }

  #rebuild() {
    const { topics } = this.#context.state;
    this.#structure = topics.structure;
    this.#rebuiltAtMs = performance.now();
    const wanted = topicSearch(this.#search.value);
    this.#searching = wanted !== null;
    const found = wanted === null ? [...topics.topics()] : [...topics.topics()].filter(wanted);
    this.#found = found.length;
    this.#openAll = found.length <= ALL_OPEN_MAX;
    const roots = topicTree(found);
    this.#tree.setRows(
      visibleRows(
        roots,
        (node) => this.#opened.get(node.path) ?? (this.#openAll || (roots.length === 1 && node.depth === 0)),
      ),
    );
    show(this.#tree.element, found.length > 0);
    show(this.#empty, topics.size === 0);
    this.#say();
  }

  #say() {
    const { topics, topicsSinceMs } = this.#context.state;
    const all = plural(topics.size, 'topic');
    const parts = [this.#searching ? `${this.#found} of ${all}` : all];
    if (topics.size >= topics.topicsMax) parts.push('those longest without news made room');
    if (topicsSinceMs !== null)
      parts.push(`with news since ${timeOfDay(topicsSinceMs)}; older ones are left out`);
    setText(this.#summary, topics.size === 0 ? '' : parts.join(', '));
  }

  /**
   * @param {HTMLElement} element
   * @param {import('../topic-tree.js').VisibleRow} row
   */
  #fillRow(element, { node }) {
    const parts = /** @type {RowElement} */ (element);
    const { topics, nowMs } = this.#context.state;
    const topic = node.topic === null ? undefined : topics.get(node.topic);
    setAttribute(element, 'data-group', node.topic === null ? '' : null);
    setAttribute(element, 'data-depth', String(Math.min(node.depth, 12)));
    setText(parts.label, node.label === '' ? '(empty level)' : node.label);
    setText(parts.branches, node.children.length === 0 ? '' : count(node.topics));
    setText(parts.value, topic === undefined ? '' : (topic.value ?? `${bytes(topic.payloadBytes)}, binary`));
    setText(parts.age, topic === undefined ? '' : ago(topic.timeMs, nowMs).replace(' ago', ''));
    setAttribute(parts.age, 'title', topic === undefined ? null : dateTime(topic.timeMs));
    const version = `${topic?.id ?? 0}.${topic?.version ?? 0}`;
    if (element.dataset.version === version) return;
    element.dataset.version = version;
    parts.trend.update(topic?.trend() ?? []);
  }
}

/** @typedef {HTMLElement & { label: HTMLElement, branches: HTMLElement, value: HTMLElement, age: HTMLElement, trend: ReturnType<typeof sparkline> }} RowElement */

/** @returns {RowElement} */
function makeRow() {
  const label = el('span', { class: 'label' });
  const branches = el('span', { class: 'count' });
  const value = el('span', { class: 'value' });
  const age = el('span', { class: 'age' });
  const trend = sparkline({ height: 18, zero: false });
  const element = el(
    'div',
    { class: 'row' },
    el('span', { class: 'branch' }, el('span', { class: 'twig' }), label, branches),
    trend.element,
    value,
    age,
  );
  return Object.assign(element, { label, branches, value, age, trend });
}
