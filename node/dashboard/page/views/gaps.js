import { ApiError } from '../api.js';
import { DataTable } from '../data-table.js';
import { el, setText } from '../dom.js';
import { count, dateTime, nodeName, plural } from '../format.js';
import { emptyState, panel } from '../pieces.js';

/** @typedef {import('../../../../src/mesh/mesh-status.ts').GapStatus} GapStatus */

/** Numbers that are known to exist and are not here, and who has them. @param {import('../context.js').Context} context @returns {import('../context.js').View} */
export function gaps({ state, api, signIn }) {
  const summary = el('p', { class: 'note' });
  /** What was answered, by gap. @type {Map<string, string>} */
  const answers = new Map();

  /** @param {GapStatus} gap */
  async function ask(gap) {
    const key = keyOf(gap);
    answers.set(key, 'asking the peers');
    view.update();
    try {
      const { author, first, channel, epoch } = gap;
      const { holders } = await api.post('/v1/holders', { author, seq: first, channel, epoch });
      answers.set(key, holdersText(holders));
    } catch (error) {
      answers.set(key, error instanceof ApiError ? error.message : 'the node does not answer');
      if (error instanceof ApiError && error.isAboutToken) signIn(error.message);
    }
    view.update();
  }

  /** @type {DataTable<GapStatus>} */
  const table = new DataTable({
    caption: 'Gaps',
    key: keyOf,
    empty: emptyState('No gaps: of every log that this node knows, it holds all numbers up to the highest.'),
    columns: [
      {
        title: 'Author',
        kind: 'name',
        text: ({ name, author }) => nodeName(name, author),
        hint: ({ author }) => author,
      },
      { title: 'Channel', text: ({ channel }) => channel },
      {
        title: 'Numbers',
        kind: 'figure',
        text: ({ first, last }) => (first === last ? count(first) : `${count(first)} to ${count(last)}`),
      },
      { title: 'Messages', kind: 'figure', text: ({ first, last }) => count(last - first + 1) },
      { title: 'Epoch', minor: true, text: ({ epoch }) => epoch },
      {
        title: 'Who holds the first',
        kind: 'action',
        text: (gap) => answers.get(keyOf(gap)) ?? '',
        render: (cell, gap) => {
          const answer = answers.get(keyOf(gap));
          cell.replaceChildren(
            answer === undefined
              ? el(
                  'button',
                  {
                    type: 'button',
                    click: () => void ask(gap),
                    'aria-label': `Ask the peers who holds number ${gap.first} of ${nodeName(gap.name, gap.author)}`,
                  },
                  'Ask the peers',
                )
              : answer,
          );
        },
      },
    ],
  });
  const forks = forkTable();
  const view = {
    element: el(
      'div',
      {},
      panel('What is missing here', summary, table.element),
      panel('Forks', forks.element),
    ),
    update() {
      const all = state.sections.gaps;
      setText(
        summary,
        all === undefined || all.total <= all.rows.length
          ? ''
          : `The first ${count(all.rows.length)} of ${plural(all.total, 'gap')}`,
      );
      table.update(all?.rows ?? []);
      forks.update(state.sections.forks?.rows ?? []);
    },
  };
  return view;
}

/** @returns {DataTable<import('../../../../src/mesh/mesh-status.ts').ForkStatus>} */
function forkTable() {
  return new DataTable({
    caption: 'Forks',
    key: ({ channel, author, epoch }) => `${channel} ${author} ${epoch}`,
    empty: emptyState('No forks: no key was seen in two places.'),
    state: ({ alarm }) => (alarm ? 'bad' : null),
    columns: [
      { title: 'Author', kind: 'name', text: ({ name, author }) => nodeName(name, author) },
      { title: 'Channel', text: ({ channel }) => channel },
      { title: 'Ends at', kind: 'figure', text: ({ end }) => count(end) },
      { title: 'Proof', text: ({ kind }) => kind.replace('-', ' ') },
      { title: 'Told by', text: ({ reporterName, reporter }) => nodeName(reporterName, reporter) },
      { title: 'Found', kind: 'figure', text: ({ foundAtMs }) => dateTime(foundAtMs) },
    ],
  });
}

/** @param {readonly { name: string, node: string, holds: boolean | null }[]} holders */
function holdersText(holders) {
  const having = holders.filter(({ holds }) => holds === true).map(({ name, node }) => nodeName(name, node));
  const unknown = holders.filter(({ holds }) => holds === null).length;
  const rest = unknown === 0 ? '' : `; of ${plural(unknown, 'node')} it is not known`;
  return having.length === 0 ? `nobody who was asked${rest}` : `${having.join(', ')}${rest}`;
}

/** @param {GapStatus} gap */
function keyOf({ channel, author, epoch, first, last }) {
  return `${channel} ${author} ${epoch} ${first} ${last}`;
}
