import { afterEach, describe, expect, it } from 'vitest';
import { SYNC_DATA_PROTOCOL } from '../../../src/sync/index.ts';
import { decodeDataFrame } from '../../../src/sync/sync-frames.ts';
import { MeshWorld, until, type WorldNode } from './mesh-world.ts';

const MESSAGES = 40;
const PAYLOAD_BYTES = 2_000;
/** Small credit makes many frames. */
const SMALL = { sync: { creditBytes: 8_192, helloIntervalMs: 3_600_000 } };

describe('a sync that is cut', () => {
  let world: MeshWorld;

  afterEach(() => world.stop());

  const held = (node: WorldNode) =>
    node.mesh.channels().find(({ channel }) => channel === 'main')?.messages ?? 0;

  /** Catches up over a link that is cut in the n-th frame; returns whether there was one, and what went twice. */
  async function catchUp(cutAt: number): Promise<{ cut: boolean; entries: number; lost: number }> {
    world = new MeshWorld();
    const a = await world.node('a', SMALL);
    for (let n = 0; n < MESSAGES; n++) await a.mesh.publish('t', String(n).padEnd(PAYLOAD_BYTES));
    const b = await world.node('b', SMALL);
    let frames = 0;
    let cut = false;
    let entries = 0;
    let lost = 0;
    world.network.passFrame = ({ protocol, frame, to }) => {
      const decoded = protocol === SYNC_DATA_PROTOCOL ? decodeDataFrame(frame) : null;
      const inFrame =
        decoded?.ok === true && decoded.value.kind === 'entries' && to === b.mesh.node
          ? decoded.value.entries.filter(({ bytes }) => bytes.length > PAYLOAD_BYTES).length
          : 0;
      entries += inFrame;
      if (cut || ++frames < cutAt) return true;
      cut = true;
      lost = inFrame;
      world.cut(a, b);
      setTimeout(() => world.heal(a, b), 5);
      return false;
    };
    b.want(a);
    await until(() => held(b) === MESSAGES, `all ${MESSAGES} arrive though frame ${cutAt} was cut`, 10_000);
    return { cut, entries, lost };
  }

  it('goes on where it ended, whichever frame is lost, and fetches nothing twice that came', async () => {
    let cutAt = 1;
    for (; ; cutAt++) {
      const { cut, entries, lost } = await catchUp(cutAt);
      await world.stop();
      if (!cut) break;
      // What was under way behind the lost frame goes again too; no more than the credit.
      expect(entries, `frame ${cutAt}`).toBeLessThanOrEqual(MESSAGES + lost + 5);
    }
    expect(cutAt).toBeGreaterThan(20);
    console.log(`${cutAt - 1} frames`);
  }, 120_000);
});
