import { el } from './dom.js';

/**
 * uPlot, which its own script puts here once it is loaded.
 * @returns {typeof import('uplot') | undefined}
 */
function uPlot() {
  return /** @type {any} */ (globalThis).uPlot;
}

const HEIGHT = 220;
/**
 * Times below the plot with 24 hours, by the distance of the marks in seconds: the text, then what is put to it where the
 * year, the day or the minute changes.
 * @type {(string | number | null)[][]}
 */
const TIMES = [
  [31_536_000, '{YYYY}', null, null, null, null, null, null, 1],
  [2_419_200, '{MMM}', '\n{YYYY}', null, null, null, null, null, 1],
  [86_400, '{MM}-{DD}', '\n{YYYY}', null, null, null, null, null, 1],
  [60, '{HH}:{mm}', '\n{YYYY}-{MM}-{DD}', null, '\n{MM}-{DD}', null, null, null, 1],
  [1, '{HH}:{mm}:{ss}', '\n{YYYY}-{MM}-{DD}', null, '\n{MM}-{DD}', null, null, null, 1],
  [
    0.001,
    ':{ss}.{fff}',
    '\n{YYYY}-{MM}-{DD} {HH}:{mm}',
    null,
    '\n{MM}-{DD} {HH}:{mm}',
    null,
    '\n{HH}:{mm}',
    null,
    1,
  ],
];

/** Figures over time, live; drawn with uPlot. What it shows must also stand beside it in words. */
export class Plot {
  #box = el('div', { class: 'plot', 'aria-hidden': 'true' });
  /** @type {import('uplot') | null} */
  #plot = null;
  #label = '';
  /** @type {[number[], number[]]} */
  #data = [[], []];
  #observer = new ResizeObserver(() => this.#fit());
  #scheme = matchMedia('(prefers-color-scheme: dark)');

  constructor() {
    this.element = this.#box;
    this.#observer.observe(this.#box);
    this.#scheme.addEventListener('change', this.#redraw);
  }

  /**
   * @param {string} label of the values
   * @param {readonly { atMs: number, value: number }[]} points the oldest first
   */
  update(label, points) {
    this.#data = [points.map(({ atMs }) => atMs / 1_000), points.map(({ value }) => value)];
    if (label !== this.#label) {
      this.#label = label;
      this.#plot?.destroy();
      this.#plot = null;
    }
    if (this.#plot === null) this.#make();
    else this.#plot.setData(this.#data);
  }

  close() {
    this.#observer.disconnect();
    this.#scheme.removeEventListener('change', this.#redraw);
    this.#plot?.destroy();
    this.#plot = null;
  }

  #redraw = () => {
    this.#plot?.destroy();
    this.#plot = null;
    this.#make();
  };

  #make() {
    const UPlot = uPlot();
    const width = this.#box.clientWidth;
    if (UPlot === undefined || width === 0 || this.#data[0].length < 2) return;
    // A canvas needs colours as they come out for this scheme: the style sheet hands them over as colours of the box.
    const { color: ink, borderTopColor: rule, caretColor: line, fontFamily } = getComputedStyle(this.#box);
    const axis = {
      stroke: ink,
      grid: { stroke: rule, width: 1 },
      ticks: { show: false },
      font: `12px ${fontFamily}`,
    };
    this.#plot = new UPlot(
      {
        width,
        height: HEIGHT,
        cursor: { y: false },
        legend: { show: true },
        scales: { x: { time: true } },
        axes: [
          { ...axis, values: TIMES, space: 70 },
          { ...axis, size: 58 },
        ],
        series: [
          { label: 'Time', value: '{YYYY}-{MM}-{DD} {HH}:{mm}:{ss}' },
          {
            label: this.#label,
            stroke: line,
            width: 1.5,
            points: { show: this.#data[0].length < 60, size: 4 },
            spanGaps: true,
          },
        ],
      },
      this.#data,
      this.#box,
    );
  }

  #fit() {
    const width = this.#box.clientWidth;
    if (this.#plot === null) this.#make();
    else if (width > 0 && width !== this.#plot.width) this.#plot.setSize({ width, height: HEIGHT });
  }
}
