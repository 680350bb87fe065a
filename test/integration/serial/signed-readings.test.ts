import { afterEach, beforeEach, expect, it } from 'vitest';
import { verifyOrigin } from '../../../src/index.ts';
import { describeWith } from '../../firmware/toolchain.ts';
import { BridgeWorld, until } from './bridge-world.ts';

const PORT = '/dev/ttyVIRT0';
// RFC 8032, 7.1, test 1.
const SEED = '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60';
const PUBLIC_KEY = Buffer.from('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a', 'hex');

describeWith(['gcc', 'make', 'libcrypto'], 'a device in C that signs its readings', () => {
  let world: BridgeWorld;
  beforeEach(async () => {
    world = await new BridgeWorld().start();
  });
  afterEach(() => world.stop());

  async function provisioned(signingKey: Uint8Array) {
    const device = world.device('uno-1', { signSeed: SEED });
    world.board.plug(PORT, device);
    const bridge = await world.bridge([PORT]);
    await bridge.provision(PORT, { name: 'uno-1', signingKey });
    await world.waitFor(bridge, 'uno-1', 'online');
    return device;
  }

  it('is vouched for by its own key wherever its readings come', async () => {
    const device = await provisioned(PUBLIC_KEY);
    device.read(21.5, -3);
    await until(async () => (await world.values()).length === 2, 'both readings are in the mesh');
    for (const { topic, origin } of await world.readings()) {
      expect(verifyOrigin({ topic, origin: origin! }, PUBLIC_KEY)).toBe(true);
      expect(verifyOrigin({ topic: 'other', origin: { ...origin!, counter: 9 } }, PUBLIC_KEY)).toBe(false);
    }
  });

  it('publishes nothing where the book has another key for it', async () => {
    const device = await provisioned(new Uint8Array(32).fill(7));
    device.read(21.5);
    await until(
      async () => (await world.bodies('devices/uno-1/gap')).length === 1,
      'the refusal is reported',
    );
    expect(await world.values()).toEqual([]);
  });
});
