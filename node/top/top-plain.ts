import { formatBytes, formatCount, formatSpan } from '../cli/human-figures.ts';
import type { TopFigures } from './top-figures.ts';
import { byteRateText, rateText, soonText } from './top-text.ts';

/** The figures of a moment in one line, for a log or a pipe. */
export function plainLine({ status, telemetry, alertsFiring }: TopFigures): string {
  const { atMs, messages, peers, disk, process: own } = telemetry;
  const lacking = peers.reduce((sum, { missingThere }) => sum + missingThere, 0);
  const losses = peers.flatMap(({ lossInMs }) => (lossInMs === null ? [] : [lossInMs]));
  const parts = [
    new Date(atMs).toISOString().replace(/\.\d+Z$/, 'Z'),
    `published ${rateText(messages.published.perSecond)}/s`,
    `received ${rateText(messages.received.perSecond)}/s`,
    `delivered ${rateText(messages.delivered.perSecond)}/s`,
    `peers ${peers.filter(({ connected }) => connected).length}/${peers.length}`,
    `lacking ${formatCount(lacking)}`,
    `loss ${losses.length === 0 ? 'none' : soonText(Math.min(...losses))}`,
    `held ${formatBytes(disk.journalBytes)}`,
    `written ${disk.written === null ? '?' : byteRateText(disk.written.perSecond)}`,
    `free ${disk.freeBytes === null ? '?' : formatBytes(disk.freeBytes)}`,
    `cpu ${(own.cpu * 100).toFixed(1)}%`,
    `memory ${formatBytes(own.residentBytes)}`,
    `lag ${formatSpan(own.eventLoopLagMs)}`,
    `problems ${status.problems.length}`,
    `alerts ${alertsFiring ?? '?'}`,
  ];
  return `${parts.join('  ')}\n`;
}

/** The same for a program: the telemetry, with who says so. */
export function plainRecord({ status, telemetry, alertsFiring }: TopFigures): object {
  const { node, name, problems } = status;
  return { node, name, problems: problems.length, alertsFiring, ...telemetry };
}
