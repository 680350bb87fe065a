/** What the virtual device says of itself, a line each. */
export type DeviceEvent =
  | { readonly kind: 'booted'; readonly epoch: number; readonly cause: string }
  | {
      readonly kind: 'taken';
      readonly epoch: number;
      readonly counter: number;
      readonly topicId: number;
      readonly value: string;
    }
  | { readonly kind: 'idle' }
  | { readonly kind: 'other'; readonly line: string };

/** Reads a line of the virtual device. */
export function parseDeviceEvent(line: string): DeviceEvent {
  const [kind, ...words] = line.split(' ');
  if (kind === 'booted') return { kind, epoch: Number(words[0]), cause: words[1] ?? '' };
  if (kind === 'taken') {
    const [epoch, counter, topicId] = words.map(Number) as [number, number, number];
    return { kind, epoch, counter, topicId, value: words.slice(3).join(' ') };
  }
  if (kind === 'idle') return { kind };
  return { kind: 'other', line };
}
