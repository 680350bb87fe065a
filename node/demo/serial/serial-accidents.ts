import { setTimeout as sleep } from 'node:timers/promises';
import type { SerialScene } from './serial-scene.ts';

/** How long each accident lasts, in milliseconds. */
const UNPLUGGED_MS = 1_500;
const GATEWAY_DOWN_MS = 1_000;
/** Longer than the device can hold what it measures meanwhile. */
const AWAY_MS = 6_500;

/** Something that happens to the device, its wire or its gateway while readings flow. */
export interface SerialAccident {
  readonly name: string;
  /** Part of all readings that is taken when it happens. */
  readonly atPart: number;
  happen(scene: SerialScene, tell: (event: string) => void, signal: AbortSignal): Promise<void>;
}

/** What happens, in order: one at a time, so that each is seen to be survived. */
export const SERIAL_ACCIDENTS: readonly SerialAccident[] = Object.freeze([
  {
    name: 'unplugged',
    atPart: 0.1,
    async happen(scene, tell, signal) {
      await scene.unplug();
      tell('the device is unplugged');
      await sleep(UNPLUGGED_MS, undefined, { signal });
      await scene.plug();
      tell('the device is plugged in again');
    },
  },
  {
    name: 'power cut',
    atPart: 0.3,
    async happen(scene, tell) {
      await scene.resetDevice();
      tell('the device lost its power and boots again: what it held is gone');
    },
  },
  {
    name: 'gateway killed',
    atPart: 0.5,
    async happen(scene, tell, signal) {
      await scene.killGateway();
      tell('the gateway is killed with -9');
      await sleep(GATEWAY_DOWN_MS, undefined, { signal });
      await scene.startGateway();
      tell('the gateway is back');
    },
  },
  {
    name: 'unplugged for long',
    atPart: 0.76,
    async happen(scene, tell, signal) {
      await scene.unplug();
      tell('the device is unplugged for longer than its memory lasts');
      await sleep(AWAY_MS, undefined, { signal });
      await scene.plug();
      tell('the device is plugged in again');
    },
  },
] satisfies SerialAccident[]);
