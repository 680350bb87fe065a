import { span } from './format.js';

const TIME_STEPS = [
  1e-3, 2e-3, 5e-3, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800,
  3_600, 7_200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800, 1_209_600, 2_592_000, 7_776_000, 31_536_000,
];

/** Round values from 0 to at least `top`, at most `most` of them. */
export function valueTicks(top, most) {
  const rough = Math.max(top, 1e-9) / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough * 0.999);
  const ticks = [];
  for (let index = 0; index * step < top + step * 0.999; index++) ticks.push(index * step);
  return ticks;
}

/** Round times between two moments, with what is written under each. */
export function timeTicks(run, most) {
  const origin = run.startSeconds > 1e8 ? run.startSeconds : 0;
  const [from, to] = [run.startSeconds - origin, run.endSeconds - origin];
  const step = TIME_STEPS.find((seconds) => (to - from) / seconds <= most) ?? (to - from) / most;
  const ticks = [];
  for (let index = Math.ceil(from / step); index * step <= to; index++) {
    const seconds = Number((index * step).toPrecision(12));
    ticks.push({ seconds: seconds + origin, text: `${origin > 0 ? '+' : ''}${span(seconds)}` });
  }
  return ticks;
}
