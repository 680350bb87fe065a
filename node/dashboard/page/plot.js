import { el } from './dom.js';

/**
 * uPlot, which its own script puts here once it is loaded.
 * @returns {typeof import('uplot') | undefined}
 */
function uPlot() {
  return /** @type {any} */ (globalThis).uPlot;
}

const HEIGHT = 220;

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
    if (UPlot === undefined || width === 0 || this.#data[0].length === 0) return;
    const style = getComputedStyle(this.#box);
    const [ink = '', rule = '', line = ''] = ['--soft', '--rule', '--accent'].map((name) =>
      style.getPropertyValue(name).trim(),
    );
    const axis = {
      stroke: ink,
      grid: { stroke: rule, width: 1 },
      ticks: { show: false },
      font: `12px ${style.fontFamily}`,
    };
    this.#plot = new UPlot(
      {
        width,
        height: HEIGHT,
        cursor: { y: false },
        legend: { show: true },
        scales: { x: { time: true } },
        axes: [axis, { ...axis, size: 58 }],
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
