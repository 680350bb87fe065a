import { barOf, type DemoProgress } from '../demo-view.ts';
import type { NoiseTally } from './line-noise.ts';
import { times } from './serial-summary.ts';

/** What there is to see of the serial demo at a moment. */
export interface SerialPicture extends DemoProgress {
  /** Readings that the device took. */
  readonly taken: number;
  readonly badFrames: number;
  readonly reconnects: number;
  readonly noise: NoiseTally;
  readonly isDeviceOn: boolean;
  readonly isPlugged: boolean;
  readonly isGatewayUp: boolean;
  /** Last value of each topic. */
  readonly latest: ReadonlyMap<string, string>;
}

/** The table as lines. */
export function serialPictureLines(picture: SerialPicture): string[] {
  const { arrived, taken, readings, seconds, noise } = picture;
  const count = (value: number): string => value.toLocaleString('en');
  const device = picture.isDeviceOn ? 'device' : '(device off)';
  const wire = picture.isPlugged ? '~~' : '✂ ';
  const gateway = picture.isGatewayUp ? 'gateway' : '(gateway down)';
  return [
    '',
    `  ${barOf(picture)} ${count(arrived)} of ${count(readings)} at the centre, ${count(taken)} taken, ${seconds.toFixed(0)} s`,
    `  ${device} ${wire} ${gateway} ── centre`,
    '',
    `  line: ${count(noise.lost)} bytes lost, ${count(noise.flipped)} flipped, printed into ${times(noise.printed)}; ${count(picture.badFrames)} bad frames, ${count(picture.reconnects)} reconnects`,
    '',
    ...[...picture.latest]
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([topic, value]) => `  ${topic.padEnd(28)}${value.slice(0, 10).padStart(10)}`),
  ];
}
