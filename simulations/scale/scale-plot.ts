import type { ScaleRow } from './scale-row.ts';

interface Panel {
  readonly title: string;
  readonly unit: string;
  readonly lines: readonly { readonly of: (row: ScaleRow) => number; readonly dashed?: boolean }[];
}

const PANELS: readonly Panel[] = [
  {
    title: 'Gossip a message',
    unit: 'bytes sent a node',
    lines: [{ of: (row) => row.gossipBytesPerMessagePerNode }],
  },
  {
    title: 'Delay, p50 and p99 (dashed)',
    unit: 'ms',
    lines: [{ of: (row) => row.delayP50Ms }, { of: (row) => row.delayP99Ms, dashed: true }],
  },
  {
    title: 'Sync while idle',
    unit: 'bytes a node a minute',
    lines: [{ of: (row) => row.syncBytesPerNodePerMinute }],
  },
  {
    title: 'Memory of the simulation',
    unit: 'KiB a node',
    lines: [{ of: (row) => row.memoryBytesPerNode / 1024 }],
  },
];

const OVERLAYS = ['libp2p', 'model'] as const;
const WIDTH = 860;
const PANEL = { width: 350, height: 190, left: 60, top: 78, across: 430, down: 290 };
const HEIGHT = PANEL.top + 2 * PANEL.down - 20;
const STYLE = `
  text { font: 12px system-ui, sans-serif; fill: #334155 }
  .title { font-weight: 600; font-size: 13px }
  .axis { stroke: #cbd5e1; stroke-width: 1; fill: none }
  .libp2p { stroke: #2563eb; fill: #2563eb } .model { stroke: #d97706; fill: #d97706 }
  path.libp2p, path.model { fill: none; stroke-width: 2 } .dashed { stroke-dasharray: 5 4 }
  .ground { fill: #ffffff }
  @media (prefers-color-scheme: dark) {
    text { fill: #cbd5e1 } .axis { stroke: #475569 } .ground { fill: #0f172a }
    .libp2p { stroke: #60a5fa; fill: #60a5fa } .model { stroke: #fbbf24; fill: #fbbf24 }
  }`;

/** The rows as one SVG picture of four panels over the number of nodes, on a logarithmic scale. */
export function scalePlot(rows: readonly ScaleRow[]): string {
  const panels = PANELS.map((panel, index) => {
    const x = PANEL.left + (index % 2) * PANEL.across;
    const y = PANEL.top + Math.floor(index / 2) * PANEL.down;
    return `<g transform="translate(${x} ${y})">${drawPanel(panel, rows)}</g>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="Traffic, delay and memory over the number of nodes, on both overlays">
<style>${STYLE}
</style>
<rect class="ground" width="${WIDTH}" height="${HEIGHT}" rx="8"/>
${legend()}
${panels.join('\n')}
</svg>
`;
}

function legend(): string {
  return OVERLAYS.map((overlay, index) => {
    const x = PANEL.left + index * 130;
    return `<path class="${overlay}" d="M${x} 26h24"/><circle class="${overlay}" cx="${x + 12}" cy="26" r="3"/><text x="${x + 32}" y="30">${overlay}</text>`;
  }).join('\n');
}

function drawPanel({ title, unit, lines }: Panel, rows: readonly ScaleRow[]): string {
  const { width, height } = PANEL;
  const sizes = [...new Set(rows.map(({ nodes }) => nodes))].sort((a, b) => a - b);
  const [low, high] = [Math.log(sizes[0] ?? 1), Math.log(sizes.at(-1) ?? 2)];
  const xOf = (nodes: number) =>
    high === low ? width / 2 : ((Math.log(nodes) - low) / (high - low)) * width;
  const most = roundUp(Math.max(1, ...lines.flatMap(({ of }) => rows.map(of))));
  const yOf = (value: number) => height - (Math.max(0, value) / most) * height;
  const parts = [
    `<text class="title" x="0" y="-26">${title}</text><text x="0" y="-10">${unit}</text>`,
    `<path class="axis" d="M0 0V${height}H${width}"/>`,
    ...[0, 0.5, 1].map(
      (part) =>
        `<path class="axis" d="M0 ${yOf(part * most)}h${width}" stroke-dasharray="2 4"/><text x="-8" y="${yOf(part * most) + 4}" text-anchor="end">${(part * most).toLocaleString('en-US')}</text>`,
    ),
    ...sizes.map(
      (nodes) =>
        `<text x="${round(xOf(nodes))}" y="${height + 18}" text-anchor="middle">${nodes.toLocaleString('en-US')}</text>`,
    ),
    `<text x="${width}" y="${height + 34}" text-anchor="end">nodes</text>`,
  ];
  for (const overlay of OVERLAYS) {
    const own = rows.filter((row) => row.overlay === overlay).sort((a, b) => a.nodes - b.nodes);
    for (const { of, dashed } of lines) {
      const points = own.map((row) => `${round(xOf(row.nodes))} ${round(yOf(of(row)))}`);
      if (points.length === 0) continue;
      parts.push(`<path class="${overlay}${dashed ? ' dashed' : ''}" d="M${points.join('L')}"/>`);
      for (const point of points) {
        const [x, y] = point.split(' ');
        parts.push(`<circle class="${overlay}" cx="${x}" cy="${y}" r="3"/>`);
      }
    }
  }
  return parts.join('\n');
}

/** The next of 1, 2, 5, 10, 20, ... from which half is a round number too. */
function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * ([1, 2, 4, 6, 8, 10].find((step) => step * power >= value) ?? 10);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
