import type { Message } from '../entry/index.ts';

/** True for a message that is published again if a crash takes it back: with a publish id, or as it lost in a fork. */
export function isRetried({ publishId, was }: Message): boolean {
  return publishId !== undefined || was !== undefined;
}
