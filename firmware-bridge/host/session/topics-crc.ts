import { Buffer } from 'node:buffer';
import { crc16 } from '../frame/index.ts';
import { encodeDeviceValue } from '../value/index.ts';
import type { DeviceTopic } from './device-facts.ts';

/** CRC over the REGISTER values of topics in order of their id: two sides with the same one have the same topics. */
export function crcOfTopics(topics: Iterable<DeviceTopic>): number {
  const ordered = [...topics].sort((a, b) => a.id - b.id);
  const values = ordered.map(({ id, kind, name, type, unit }) => {
    return encodeDeviceValue([id, kind === 'reading' ? 0 : 1, name, type, unit])!;
  });
  return crc16(new Uint8Array(Buffer.concat(values)));
}
