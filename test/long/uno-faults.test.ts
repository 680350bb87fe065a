import { expect, it } from 'vitest';
import { describeWith } from '../firmware/toolchain.ts';
import { playFaultStory, SMALL_BUILD } from '../firmware/uno/fault-story.ts';

const STORIES = Number(process.env.SEDGE_SEEDS ?? 300);
const SECONDS = 60;

describeWith(['avr-gcc'], 'a sealed sensor on an emulated Uno', () => {
  it(`loses nothing in silence and doubles nothing in ${STORIES} stories of a minute`, () => {
    const first = Number(process.env.SEDGE_FIRST_SEED ?? 1);
    for (let story = first; story < first + STORIES; story++) {
      const seed = `long ${story}`;
      const { alarms, ...figures } = playFaultStory(seed, SECONDS, {
        defines: story % 2 === 0 ? SMALL_BUILD : [],
      });
      console.info(JSON.stringify({ seed, ...figures, alarms: alarms.length }));
      const { settled, unreportedLost, duplicated } = figures;
      expect({ seed, settled, unreportedLost, duplicated }).toEqual({
        seed,
        settled: true,
        unreportedLost: 0,
        duplicated: 0,
      });
    }
  });
});
