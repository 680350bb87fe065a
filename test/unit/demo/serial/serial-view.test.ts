import { describe, expect, it } from 'vitest';
import { type SerialPicture, serialPictureLines } from '../../../../node/demo/serial/serial-view.ts';

const PICTURE: SerialPicture = {
  readings: 1_000,
  arrived: 500,
  taken: 620,
  seconds: 12.4,
  badFrames: 3,
  reconnects: 1,
  noise: { passed: 10_000, lost: 20, flipped: 10, printed: 2 },
  isDeviceOn: true,
  isPlugged: true,
  isGatewayUp: true,
  latest: new Map([
    ['air/Gucheng/TEMP', '-3.5'],
    ['air/Dongsi/TEMP', '2'],
  ]),
};

describe('the picture of the serial demo', () => {
  it('shows how many readings are there, and how bad the line is', () => {
    const text = serialPictureLines(PICTURE).join('\n');
    expect(text).toContain('500 of 1,000 at the centre, 620 taken');
    expect(text).toContain('20 bytes lost, 10 flipped');
  });
  it.each([
    [{ isPlugged: false }, 'device ✂  gateway'],
    [{ isDeviceOn: false }, '(device off)'],
    [{ isGatewayUp: false }, '(gateway down)'],
  ] satisfies [Partial<SerialPicture>, string][])('shows what is away: %j', (change, shown) => {
    expect(serialPictureLines({ ...PICTURE, ...change }).join('\n')).toContain(shown);
  });
  it('lists the topics by name with their latest values', () => {
    const rows = serialPictureLines(PICTURE).slice(-2);
    expect(rows[0]).toMatch(/^ {2}air\/Dongsi\/TEMP +2$/);
    expect(rows[1]).toMatch(/^ {2}air\/Gucheng\/TEMP +-3\.5$/);
  });
});
