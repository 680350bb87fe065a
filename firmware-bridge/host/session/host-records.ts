import { encodeDeviceValue } from '../value/index.ts';
import type { DeviceCommand } from './device-facts.ts';

/** What a host sends: made anew, with a new counter, each time it goes out. */
export type HostRecord =
  | { readonly kind: 'welcome' }
  | { readonly kind: 'time'; readonly n: number }
  | { readonly kind: 'command'; readonly topicId: number; readonly command: DeviceCommand };

/** Value of a WELCOME. */
export function welcomeValue(
  isTopicsWanted: boolean,
  utcMs: number,
  statsIntervalSeconds: number,
): Uint8Array {
  return encodeDeviceValue([isTopicsWanted, utcMs, statsIntervalSeconds])!;
}

/** Value of a TIME. */
export function timeValue(n: number): Uint8Array {
  return encodeDeviceValue([n])!;
}

/** Value of a COMMAND: `deadline` by the device's clock as it wraps, 0 for none. */
export function commandValue({ id, args }: DeviceCommand, deadline: number): Uint8Array {
  const [head, idItem, deadlineItem] = [[0x83], encodeDeviceValue(id)!, encodeDeviceValue(deadline)!];
  return Uint8Array.from([...head!, ...idItem!, ...deadlineItem!, ...args]);
}
