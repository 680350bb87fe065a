import type { Segment } from './segment.ts';

/** Thrown where a segment does not hold what its index says; the journal repairs it and reads again. */
export class SegmentUnsound extends Error {
  override readonly name = 'SegmentUnsound';
  readonly segment: Segment;

  constructor(segment: Segment, cause: unknown) {
    super('a segment does not hold what its index says', { cause });
    this.segment = segment;
  }
}
