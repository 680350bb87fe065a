import { setTimeout as sleep } from 'node:timers/promises';
import type { DemoLine } from './demo-line.ts';

/** How long each accident lasts, in milliseconds: long enough that connections are lost for all to see. */
const LINK_CUT_MS = 3_000;
const B_DOWN_MS = 1_500;
const CENTRE_DOWN_MS = 1_000;

/** Something that happens to the line while readings flow. */
export interface Accident {
  /** Part of all readings that is published when it happens. */
  readonly atPart: number;
  happen(line: DemoLine, tell: (event: string) => void, signal: AbortSignal): Promise<void>;
}

/** What happens, in order: one at a time, so that each is seen to be survived. */
export const ACCIDENTS: readonly Accident[] = Object.freeze([
  {
    atPart: 0.15,
    async happen(line, tell, signal) {
      await line.cutLink();
      tell('the link C - D is cut');
      await sleep(LINK_CUT_MS, undefined, { signal });
      await line.healLink();
      tell('the link C - D is back');
    },
  },
  {
    atPart: 0.45,
    async happen(line, tell, signal) {
      await line.kill('B');
      tell('B is killed with -9');
      await sleep(B_DOWN_MS, undefined, { signal });
      await line.startB();
      tell('B is back');
    },
  },
  {
    atPart: 0.75,
    async happen(line, tell, signal) {
      await line.centre.kill();
      tell('the operations centre at D is killed with -9');
      await sleep(CENTRE_DOWN_MS, undefined, { signal });
      line.centre.start();
      tell('the operations centre is back');
    },
  },
] satisfies Accident[]);
