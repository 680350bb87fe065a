import { formatBytes, formatCount, formatSpan } from '../cli/human-figures.ts';
import type { CardTelemetry, PeerTelemetry } from '../telemetry/index.ts';

const YEAR_MS = 365.25 * 86_400_000;
/** Beyond it an estimate says nothing but "long". */
const YEARS_MAX = 50;

/** A rate for people: `0`, `3.4`, `1,234`. */
export function rateText(perSecond: number): string {
  if (perSecond < 0.05) return '0';
  return perSecond < 100 ? perSecond.toFixed(1) : formatCount(perSecond);
}

/** Bytes a second. */
export function byteRateText(perSecond: number): string {
  return `${formatBytes(perSecond)}/s`;
}

/** When something is lost: `-` for never, `now`, or how long that is. */
export function lossText({ lossInMs, backlog }: PeerTelemetry): string {
  if (lossInMs === null) return '-';
  const first = backlog.find((one) => one.lossInMs === lossInMs);
  const where = first === undefined ? '' : ` (${first.channel}, by ${first.lossBy})`;
  return `${soonText(lossInMs)}${where}`;
}

/** `now`, or in how long. */
export function soonText(inMs: number): string {
  return inMs < 1_000 ? 'now' : formatSpan(inMs);
}

/** How long the card lasts. */
export function cardText(card: CardTelemetry): string {
  const { device, bytes, remainingSeconds, writtenBytesPerSecond, agentBytesPerSecond, measuredOverMs } =
    card;
  const what = `${device ?? 'disk'}${bytes === null ? '' : `, ${formatBytes(bytes)}`}`;
  const worn = card.wornFraction === null ? '' : `, ${Math.round(card.wornFraction * 100)}% worn`;
  const rate =
    card.writtenBy === 'agent'
      ? `${byteRateText(writtenBytesPerSecond)} by sedge`
      : `${byteRateText(writtenBytesPerSecond)} by all, ${byteRateText(agentBytesPerSecond)} by sedge`;
  if (remainingSeconds === null) return `${what}${worn}: not known yet how long it lasts`;
  return `${what}${worn}: lasts ${lifeText(remainingSeconds * 1_000)} at ${rate} (over ${formatSpan(measuredOverMs)})`;
}

function lifeText(ms: number): string {
  const years = ms / YEAR_MS;
  if (years > YEARS_MAX) return `over ${YEARS_MAX} years`;
  return years >= 2 ? `${Math.round(years)} years` : formatSpan(ms);
}
