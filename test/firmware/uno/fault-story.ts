import { SeededRandom } from '../../../simulations/world/seeded-random.ts';
import type { DeliveryFigures } from './delivery-ledger.ts';
import { type RigOptions, UnoRig } from './uno-rig.ts';

/** What came of a story: `settled` says whether everything was acknowledged once the faults were off. */
export interface StoryOutcome extends DeliveryFigures {
  readonly settled: boolean;
  readonly alarms: readonly string[];
}

/** The smallest build: what the budget of flash is for. */
export const SMALL_BUILD: readonly string[] = [
  'SEDGE_COMMANDS=0',
  'SEDGE_STATS=0',
  'SEDGE_STATIC_CONFIG=1',
  'SEDGE_AVR_TX_BYTES=0',
];

/** Everything that may happen to a board, its line and its host, in an order that the seed decides; then quiet. */
export function playFaultStory(
  seed: string,
  seconds: number,
  options: Partial<RigOptions> = {},
): StoryOutcome {
  const random = new SeededRandom(`story ${seed}`);
  const rig = new UnoRig({ seed, bootloaderMs: random.below(2) * 1_000, ...options }).start();
  const happenings: (() => void)[] = [
    () => rig.reset(random.below(2) === 0 ? 'pin' : 'watchdog'),
    () => {
      rig.powerOff();
      rig.runMs(random.below(2_000));
      rig.board.powerOn(random.below(4) === 0 ? 'kept' : 'random');
    },
    () => {
      rig.close();
      rig.runMs(random.below(6_000));
      rig.open(random.below(2) === 0);
    },
    () => {
      rig.restartHost();
      rig.runMs(random.below(1_000));
      rig.open(random.below(2) === 0);
    },
    () => {
      rig.host.stalled = true;
      rig.runMs(random.below(5_000));
      rig.host.stalled = false;
    },
    () => {
      rig.line.toHost.cut = true;
      rig.line.toBoard.cut = random.below(2) === 0;
      rig.runMs(random.below(8_000));
      rig.line.toHost.cut = false;
      rig.line.toBoard.cut = false;
    },
    () => rig.line.flood(random.below(500)),
    () => rig.set('chatty', random.below(2) === 0),
    () => rig.set('hurry', random.below(2) === 0),
    () => {
      rig.faults({
        loss: random.below(3) * random.next() * 0.01,
        bitError: random.below(2) * random.next() * 0.005,
        burst: random.below(2) * random.next() * 0.0005,
        garbage: random.below(2) * random.next() * 0.002,
      });
    },
  ];
  // What a device took before the host had ever heard of it is nobody's loss.
  rig.untilOnline(5_000);
  const end = rig.line.nowMs + seconds * 1_000;
  while (rig.line.nowMs < end) {
    rig.runMs(random.below(2_000));
    happenings[random.below(happenings.length)]!();
  }
  rig.set('hurry', false);
  const settled = rig.settle(60_000);
  return { ...rig.figures(), settled, alarms: rig.host.alarms() };
}
