import { el } from './dom.js';
import { count, span } from './format.js';
import { runView } from './run-view.js';

const { runs } = JSON.parse(document.getElementById('runs').textContent);
const content = document.getElementById('content');
const panel = el('div', { id: 'panel', role: 'tabpanel', tabindex: '-1' });

/** Shows one run; its place is kept in the address, so that a link leads to it. */
function show(index) {
  for (const [place, tab] of tabs.entries()) {
    tab.setAttribute('aria-selected', String(place === index));
    tab.tabIndex = place === index ? 0 : -1;
  }
  panel.replaceChildren(runView(runs[index]));
}

function select(index) {
  history.replaceState(null, '', `#${index + 1}`);
  show(index);
}

function tabOf(run, index) {
  return el(
    'button',
    {
      type: 'button',
      role: 'tab',
      'aria-controls': 'panel',
      class: run.ok ? 'good' : 'bad',
      click: () => select(index),
      keydown: (event) => moveFocus(event, index),
    },
    el('b', {}, run.title),
    el('span', {}, `${run.overlay}, seed ${run.seed}`),
    el(
      'span',
      {},
      `${span(run.endSeconds - run.startSeconds)}, missing ${count(run.messages.at(-1).values.at(-1))}`,
    ),
  );
}

function moveFocus(event, index) {
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (step === undefined) return;
  event.preventDefault();
  const next = (index + step + runs.length) % runs.length;
  tabs[next].focus();
  select(next);
}

const tabs = runs.map(tabOf);

/** Runs that failed come first to the eye: the page opens with the first of them. */
function firstShown() {
  const wanted = Number(location.hash.slice(1)) - 1;
  if (Number.isInteger(wanted) && wanted >= 0 && wanted < runs.length) return wanted;
  return Math.max(
    0,
    runs.findIndex(({ ok }) => !ok),
  );
}

content.replaceChildren(
  ...(runs.length > 1 ? [el('div', { class: 'tabs', role: 'tablist', 'aria-label': 'Runs' }, tabs)] : []),
  panel,
);
show(firstShown());
window.addEventListener('hashchange', () => show(firstShown()));
