import { convergenceTable } from './convergence.js';
import { delayChart } from './delay-chart.js';
import { el, section } from './dom.js';
import { bytes, count, moment, span } from './format.js';
import { lineChart } from './line-chart.js';
import { nodeTable } from './node-table.js';
import { linkTimeline, nodeTimeline } from './timeline.js';
import { topology } from './topology.js';

/** All of one run. */
export function runView(run) {
  return el(
    'article',
    {},
    heading(run),
    figures(run),
    run.violationsInAll > 0 ? violations(run) : null,
    messages(run),
    timeline(run),
    traffic(run),
    delay(run),
    convergence(run),
    section(
      'Topology',
      'The longer a link was up, the stronger its line; a node in red misses something.',
      topology(run),
      el('details', {}, el('summary', {}, 'Counts of each node'), nodeTable(run)),
    ),
  );
}

function heading(run) {
  const facts = [
    `seed ${run.seed}`,
    `${run.overlay} overlay`,
    `${count(run.lanesInAll)} nodes`,
    `${span(run.endSeconds - run.startSeconds)} virtual`,
    `${span(run.realSeconds)} real`,
  ];
  return el(
    'header',
    {},
    el(
      'h2',
      {},
      run.title,
      el('span', { class: run.ok ? 'verdict good' : 'verdict bad' }, run.ok ? 'passed' : 'failed'),
    ),
    el('p', {}, run.summary),
    el(
      'ul',
      { class: 'facts' },
      facts.map((fact) => el('li', {}, fact)),
    ),
    el('p', { class: 'replay' }, el('code', {}, run.replay), copyButton(run.replay)),
  );
}

function copyButton(text) {
  const copy = async (event) => {
    const button = event.currentTarget;
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = 'copied';
    } catch {
      button.textContent = 'select it by hand';
    }
  };
  return el(
    'button',
    { type: 'button', title: 'Copy the command that replays this run', click: copy },
    'copy',
  );
}

function figures(run) {
  const bad = new Set(['missing', 'duplicates', 'impossible']);
  return el(
    'dl',
    { class: 'figures' },
    run.figures.map(([name, value]) => {
      const isCount = /^\d+$/.test(value);
      const isBad = isCount && bad.has(name) && value !== '0';
      return el(
        'div',
        { class: isBad ? 'bad' : '' },
        el('dt', {}, name),
        el('dd', {}, isCount ? count(Number(value)) : value),
      );
    }),
  );
}

function violations(run) {
  const rows = run.violations.map(({ checker, what, node, t }) =>
    el(
      'tr',
      {},
      el('td', {}, checker),
      el('td', {}, what),
      el('td', {}, node ?? ''),
      el('td', { class: 'number' }, t === undefined ? '' : moment(t, run)),
    ),
  );
  const left = run.violationsInAll - rows.length;
  return section(
    'Violations',
    left > 0 ? `The first ${rows.length} of ${count(run.violationsInAll)}.` : '',
    el(
      'div',
      { class: 'scroll' },
      el(
        'table',
        { class: 'violations' },
        el(
          'thead',
          {},
          el(
            'tr',
            {},
            ['checker', 'what', 'node', 'at'].map((title) => el('th', {}, title)),
          ),
        ),
        el('tbody', {}, rows),
      ),
    ),
  );
}

const MESSAGE_STYLE = {
  published: { className: 's0' },
  deliverable: { className: 's4', dashed: true },
  delivered: { className: 's1' },
  missing: { className: 'bad', filled: true },
};

function messages(run) {
  const styled = run.messages.map((series) => ({
    ...series,
    ...MESSAGE_STYLE[series.name],
    total: count(series.values.at(-1)),
  }));
  const shade = run.partitions.length > 0 ? ' The network was parted where the ground is shaded.' : '';
  return section(
    'Messages over time',
    `Deliverable counts a message once for each node that it can reach.${shade}`,
    lineChart(
      run,
      styled.filter(({ name }) => name !== 'missing'),
      { format: count, label: 'Messages over time' },
    ),
    ...missingChart(
      run,
      styled.filter(({ name }) => name === 'missing'),
    ),
  );
}

function missingChart(run, missing) {
  if (missing.every(({ values }) => values.every((value) => value === 0))) {
    return [el('p', { class: 'note' }, 'Nothing was missing at the end of any step.')];
  }
  const chart = lineChart(run, missing, {
    format: count,
    height: 120,
    label: 'Missing deliveries over time',
  });
  return [el('h4', {}, 'Missing'), chart];
}

function timeline(run) {
  const nodesLeft = run.lanesInAll - run.lanes.length;
  const notes = [
    'A lane a node: the stronger, the more peers; red while it is down.',
    run.marks.length === 0 ? '' : 'The marks on top are faults, their ends, and gaps.',
    run.marksInAll > run.marks.length
      ? `${count(run.marksInAll - run.marks.length)} later marks are left out.`
      : '',
    nodesLeft > 0 ? `${count(nodesLeft)} further nodes are left out.` : '',
  ];
  const links = run.links.filter(({ up }) => up !== null).length;
  const title =
    links < run.links.length
      ? `The ${links} links that were up longest, each by itself`
      : 'Each link by itself';
  return section(
    'Links, partitions, crashes',
    notes.filter((note) => note !== '').join(' '),
    nodeTimeline(run),
    links === 0 ? null : el('details', { open: links <= 12 }, el('summary', {}, title), linkTimeline(run)),
  );
}

function traffic(run) {
  if (run.bytes.length === 0) return null;
  const total = (values) => values.reduce((sum, value) => sum + value, 0);
  const series = run.bytes.map(({ name, values }, index) => ({
    name,
    values,
    className: `s${index % 6}`,
    total: bytes(total(values)),
  }));
  const width = span((run.endSeconds - run.startSeconds) / run.columns);
  return section(
    'Bytes by kind',
    `What all nodes sent, in steps of ${width}.`,
    lineChart(run, series, { format: bytes, stacked: true, label: 'Bytes by kind over time' }),
  );
}

function delay(run) {
  if (run.delay === null) return null;
  const { count: deliveries, p50, p90, p99, max } = run.delay;
  const note = `From publishing to delivery at another node, ${count(deliveries)} deliveries: p50 ${span(p50)}, p90 ${span(p90)}, p99 ${span(p99)}, longest ${span(max)}.`;
  return section('Delay', note, delayChart(run.delay));
}

function convergence(run) {
  if (run.convergence.length === 0) return null;
  const note = 'How long after the end of a fault every node had all that was published before it.';
  return section('Time to converge', note, convergenceTable(run));
}
