import { bytesPerSecond, NOTHING, span } from './format.js';

/** A shorter time says nothing of a card's years: so much is written at each start. */
const MEASURED_MS_MIN = 3_600_000;
const YEAR_SECONDS = 31_557_600;

/**
 * @typedef {import('../../telemetry/telemetry-snapshot.ts').CardTelemetry} CardTelemetry
 */

/**
 * What is left of the card's life at the rate of now, seconds; `null` where that cannot be told (yet).
 * @param {CardTelemetry | undefined} card
 */
export function cardLifeSeconds(card) {
  return card === undefined || card.measuredOverMs < MEASURED_MS_MIN ? null : card.remainingSeconds;
}

/** The same in words. @param {CardTelemetry | undefined} card */
export function cardLifeText(card) {
  if (card === undefined) return NOTHING;
  if (card.measuredOverMs < MEASURED_MS_MIN) return 'not known yet';
  const seconds = cardLifeSeconds(card);
  if (seconds === null) return 'no end in sight';
  return seconds > 100 * YEAR_SECONDS ? 'over 100 years' : span(seconds * 1_000);
}

/** What that rests on. @param {CardTelemetry | undefined} card */
export function cardLifeNote(card) {
  if (card === undefined) return '';
  if (card.measuredOverMs < MEASURED_MS_MIN) return 'told after an hour of measuring';
  const device = card.device === null ? '' : ` to ${card.device}`;
  return `estimate, at ${bytesPerSecond(card.writtenBytesPerSecond)} by ${card.writtenBy === 'all' ? 'all programs' : 'this agent'}${device}`;
}
