import type { ChannelDeclaration } from '../realm/index.ts';
import { ALERTS_CHANNEL, MAIN_CHANNEL, REALM_CHANNEL } from '../realm/index.ts';

/** Channels in which topics that a filter matches can lie. */
export function channelsOfFilter(filter: string, declared: readonly ChannelDeclaration[]): string[] {
  // Each channel of sedge's own has the topics of its name.
  if (filter.startsWith('$'))
    return [REALM_CHANNEL, ALERTS_CHANNEL].filter((own) => filter.split('/')[0] === own);
  const levels = filter.split('/');
  const overlapping = declared.filter((channel) => overlaps(levels, prefixLevels(channel)));
  const within = overlapping.some((channel) => isWithin(levels, prefixLevels(channel)));
  const names = overlapping.map(({ name }) => name);
  return within ? names : [MAIN_CHANNEL, ...names];
}

/** Whether some topic under the prefix matches. */
function overlaps(filter: readonly string[], prefix: readonly string[]): boolean {
  for (const [index, level] of prefix.entries()) {
    const wanted = filter[index];
    if (wanted === '#') return true;
    if (wanted !== '+' && wanted !== level) return false;
  }
  return true;
}

/** Whether all topics that match lie under the prefix. */
function isWithin(filter: readonly string[], prefix: readonly string[]): boolean {
  return prefix.every((level, index) => filter[index] === level);
}

function prefixLevels({ filter }: ChannelDeclaration): string[] {
  return filter.split('/').slice(0, -1);
}
