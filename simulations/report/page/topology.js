import { drawn, el, svg } from './dom.js';
import { count } from './format.js';
import { hideTooltip, showTooltip } from './tooltip.js';

/** The nodes and the links between them: the longer a link was up, the stronger it is drawn. */
export function topology(run) {
  const { box } = drawn('chart', (width) => {
    const size = Math.min(width, 560);
    const margin = run.nodes.length > 60 ? 14 : 34;
    const at = ([x, y]) => [
      (width - size) / 2 + margin + x * (size - 2 * margin),
      margin + y * (size - 2 * margin),
    ];
    const radius = Math.max(3, Math.min(11, 90 / Math.sqrt(run.nodes.length)));
    const drawing = svg('svg', { width, height: size, role: 'img', 'aria-label': 'Topology' });
    drawing.append(
      svg(
        'g',
        {},
        run.links.map((link) => drawLink(run, link, at)),
      ),
    );
    drawing.append(
      svg(
        'g',
        {},
        run.nodes.map((node, index) => drawNode(node, at(run.places[index]), radius, run)),
      ),
    );
    drawing.addEventListener('pointerleave', hideTooltip);
    return drawing;
  });
  return el('figure', {}, box);
}

function drawLink(run, { a, b, share }, at) {
  const [[x1, y1], [x2, y2]] = [at(run.places[a]), at(run.places[b])];
  const text = `${run.nodes[a].name} – ${run.nodes[b].name}: up ${(share * 100).toPrecision(3)} % of the time`;
  return svg('line', {
    class: 'edge',
    x1,
    y1,
    x2,
    y2,
    opacity: (0.2 + 0.8 * Math.sqrt(share)).toFixed(2),
    pointermove: (event) => showTooltip(event.clientX, event.clientY, text),
    pointerleave: hideTooltip,
  });
}

function drawNode({ name, published, delivered, missing }, [x, y], radius, run) {
  const lines = [
    el('div', { class: 'when' }, name),
    `published ${count(published)}`,
    `delivered ${count(delivered)}`,
    `missing ${count(missing)}`,
  ];
  const label = run.nodes.length <= 60 ? shortened(name) : null;
  return svg(
    'g',
    {
      class: missing > 0 ? 'vertex missing' : 'vertex',
      pointermove: (event) => showTooltip(event.clientX, event.clientY, ...lines.map(cloned)),
      pointerleave: hideTooltip,
    },
    svg('circle', { cx: x, cy: y, r: radius }),
    label === null
      ? null
      : svg('text', { class: 'tick', x, y: y + radius + 12, 'text-anchor': 'middle' }, label),
  );
}

function cloned(line) {
  return typeof line === 'string' ? line : line.cloneNode(true);
}

function shortened(name) {
  return name.length > 14 ? `${name.slice(0, 13)}…` : name;
}
