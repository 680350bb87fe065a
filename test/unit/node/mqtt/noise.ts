import { bytesOf, text, u16, u32 } from './mqtt-client.ts';

/** mulberry32. */
export function randomOf(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const SAMPLES: readonly Buffer[] = [
  bytesOf(0x10, text('MQTT'), 4, 2, u16(60), text('f')),
  bytesOf(
    0x10,
    text('MQTT'),
    5,
    0xee,
    u16(60),
    5,
    0x11,
    u32(9),
    text('f'),
    0,
    text('w'),
    text('x'),
    text('u'),
    text('p'),
  ),
  bytesOf(0x30, text('a/b'), Buffer.from('payload')),
  bytesOf(0x34, text('a/b'), u16(7), 9, 0x26, text('k'), text('v'), 1, 1, Buffer.from('payload')),
  bytesOf(0x40, u16(1)),
  bytesOf(0x50, u16(1), 0x80, 0),
  bytesOf(0x62, u16(7)),
  bytesOf(0x82, u16(2), text('#'), 1),
  bytesOf(0x82, u16(2), 2, 0x0b, 5, text('a/+'), 0x2e),
  bytesOf(0xa2, u16(3), text('#')),
  bytesOf(0xc0),
  bytesOf(0xe0),
];

/** What a broken or hostile client may send: packets cut, flipped, repeated, and bytes that are none. */
export function noise(random: (below: number) => number): Buffer {
  const parts = Array.from({ length: 1 + random(8) }, () => {
    const sample = Buffer.from(SAMPLES[random(SAMPLES.length)]!);
    for (let flips = random(3); flips > 0; flips--) sample[random(sample.length)] = random(256);
    const kind = random(10);
    if (kind === 0) return sample.subarray(0, random(sample.length + 1));
    if (kind === 1) return Buffer.from(Array.from({ length: random(40) }, () => random(256)));
    return sample;
  });
  return Buffer.concat(random(2) === 0 ? parts : [SAMPLES[random(2)]!, ...parts]);
}
