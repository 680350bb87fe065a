import { UnoRig } from '../uno/uno-rig.ts';
import { type Goodput, type GoodputOptions, goodputOf } from './unsealed-goodput.ts';

const HEAD_AND_TAG = 18;
/** Head, text of 39 digits with its head of 2, and tag: the longest sealed record of an Uno. */
const FULL_BYTES = HEAD_AND_TAG + 2 + 39;

/** Sealed readings, as many as the processor makes: `full` ones fill their frames, others are small numbers. */
export function sealedGoodput(
  kind: 'full' | 'small',
  { loss, seconds, seed, latencyMs = 1 }: GoodputOptions,
): Goodput {
  const defines = ['BUFFER_BYTES=480', ...(kind === 'full' ? ['FULL_FRAMES'] : [])];
  const rig = new UnoRig({ seed, defines, latencyMs }).start();
  if (rig.untilOnline(5_000) === Number.POSITIVE_INFINITY) throw new Error(`no session (seed ${seed})`);
  rig.set('hurry', true);
  rig.runMs(500);
  rig.faults({ loss });
  const [before, sentBefore] = [rig.ledger.published, rig.line.sentByBoard];
  rig.runMs(seconds * 1_000);
  const frames = rig.ledger.published - before;
  const bytes = frames * (kind === 'full' ? FULL_BYTES : HEAD_AND_TAG + 3);
  const { bytesPerSecond } = rig.board.usart;
  return goodputOf(bytes, frames, rig.line.sentByBoard - sentBefore, { seconds, bytesPerSecond });
}
