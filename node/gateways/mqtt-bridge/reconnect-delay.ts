const DELAY_MS_LEAST = 500;
const DELAY_MS_MAX = 60_000;
const DOUBLINGS_MAX = 16;

/** How long to wait before the next try: doubled with each failure up to a minute, half of it by chance. */
export function reconnectDelayMs(failures: number, random: number): number {
  const whole = Math.min(DELAY_MS_MAX, DELAY_MS_LEAST * 2 ** Math.min(failures, DOUBLINGS_MAX));
  return Math.round(whole / 2 + (whole / 2) * random);
}
