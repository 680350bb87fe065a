import { svg } from './dom.js';

/** Below this width there is one column of nodes, else two. */
const TWO_COLUMNS_MIN = 680;
const ROW = 26;
const ROW_DENSE = 22;
const DENSE_FROM = 20;
/** Room above a group for its heading. */
const HEADING = 34;
const SQUARE = 8;
const NAME_LENGTH_MAX = 22;

const HEADINGS = { direct: 'Connected', heard: 'Reached through others', away: 'Cut off from here' };

/**
 * @typedef {import('./mesh-picture.js').PictureNode} PictureNode
 * @typedef {{ self: string, nodes: readonly PictureNode[], width: number }} Picture
 * @typedef {{ x: number, y: number }} Point
 */

/**
 * This node in the middle, a line to each peer, and names beside one another, which stay readable with fifty. The drawing is
 * for eyes; the table beside it says the same.
 * @param {Picture} picture
 */
export function topologyDrawing({ self, nodes, width }) {
  const isWide = width >= TWO_COLUMNS_MIN;
  const columns = isWide ? 2 : 1;
  const row = nodes.length > DENSE_FROM ? ROW_DENSE : ROW;
  const links = svg('g');
  const marks = svg('g');
  /** @type {{ node: PictureNode, at: Point, side: 1 | -1 }[]} */
  const places = [];
  let y = 6;
  let directEnd = 0;
  for (const where of /** @type {const} */ (['direct', 'heard', 'away'])) {
    const group = nodes.filter((node) => node.where === where);
    if (group.length === 0) continue;
    if (where === 'away')
      marks.append(svg('line', { class: 'break', x1: 0, x2: width, y1: y + 8, y2: y + 8 }));
    marks.append(
      svg(
        'text',
        {
          class: 'heading',
          x: isWide ? width / 2 : 0,
          y: y + 24,
          'text-anchor': isWide ? 'middle' : 'start',
        },
        `${HEADINGS[where]}: ${group.length}`,
      ),
    );
    y += HEADING;
    const perColumn = Math.ceil(group.length / columns);
    for (const [index, node] of group.entries()) {
      const side = isWide && group.length > 1 && index < perColumn ? -1 : 1;
      const x = isWide ? width / 2 + side * Math.min(150, width * 0.16) : 88;
      places.push({ node, at: { x, y: y + (index % perColumn) * row + row / 2 }, side });
    }
    y += perColumn * row + 8;
    if (where !== 'away') directEnd = y;
  }
  const height = Math.max(y + 6, 120);
  const centre = { x: isWide ? width / 2 : 22, y: Math.max(60, (HEADING + (directEnd || height)) / 2) };
  for (const place of places) {
    links.append(...link(centre, place));
    marks.append(mark(place, isWide));
  }
  marks.append(
    svg('circle', { class: 'self', cx: centre.x, cy: centre.y, r: 9 }),
    selfLabel(self, centre, isWide),
  );
  return svg(
    'svg',
    { class: 'topology', width, height, viewBox: `0 0 ${width} ${height}`, 'aria-hidden': 'true' },
    links,
    marks,
  );
}

/**
 * @param {string} self
 * @param {Point} centre
 * @param {boolean} isWide
 */
function selfLabel(self, { x, y }, isWide) {
  return svg(
    'text',
    { class: 'self-name', x: isWide ? x : 6, y: y + 26, 'text-anchor': isWide ? 'middle' : 'start' },
    shortened(self),
  );
}

/**
 * @param {Point} from
 * @param {{ node: PictureNode, at: Point, side: 1 | -1 }} place
 */
function link(from, { node, at, side }) {
  if (node.where === 'away') return [];
  const bend = from.x + (at.x - from.x) * 0.55;
  const d = `M${from.x},${from.y}C${bend},${from.y} ${bend},${at.y} ${at.x - side * 6},${at.y}`;
  return [svg('path', { class: `link ${node.where} ${node.tone}`, d })];
}

/**
 * @param {{ node: PictureNode, at: Point, side: 1 | -1 }} place
 * @param {boolean} isWide
 */
function mark({ node, at, side }, isWide) {
  const anchor = side === 1 ? 'start' : 'end';
  const name = svg('tspan', { class: 'name' }, shortened(node.name));
  const step = node.step === 'in sync' ? '' : node.step;
  // Where there is little room, what is wrong stands in the place of what is well.
  const shown = isWide || step === '' ? [node.roundTrip, step] : [step];
  const figures = shown.filter((text) => text !== '').join(', ');
  const soft = figures === '' ? null : svg('tspan', { class: 'soft' }, figures);
  // At the left the figures come first, so that names stand by their marks.
  const texts =
    side === 1 ? [name, soft === null ? null : gap(), soft] : [soft, soft === null ? null : gap(), name];
  const squares = node.carries.map(({ channel, state }, index) =>
    svg(
      'rect',
      {
        class: `carries ${state}`,
        x: at.x + side * (12 + index * (SQUARE + 3)) - (side === 1 ? 0 : SQUARE),
        y: at.y - SQUARE / 2,
        width: SQUARE,
        height: SQUARE,
        rx: 1.5,
      },
      svg('title', {}, `${channel}: ${state.replace('-', ' ')}`),
    ),
  );
  const textX = at.x + side * (14 + node.carries.length * (SQUARE + 3));
  return svg(
    'g',
    { class: node.where },
    svg('circle', { class: `peer ${node.tone}`, cx: at.x, cy: at.y, r: 5 }),
    squares,
    svg('text', { x: textX, y: at.y + 4, 'text-anchor': anchor }, texts),
  );
}

function gap() {
  return svg('tspan', {}, '\u2002');
}

/** @param {string} name */
function shortened(name) {
  return name.length > NAME_LENGTH_MAX ? `${name.slice(0, NAME_LENGTH_MAX - 1)}…` : name;
}
