import { afterEach, describe, expect, it } from 'vitest';
import { collect, connectPair, flows, isUp, until } from '../../unit/overlay/test-overlays.ts';
import { ProxiedOverlays, reconnected } from './proxied-overlays.ts';

const TOPIC = '/sedge/1/reconnect/0';

describe('an outage', () => {
  const overlays = new ProxiedOverlays();
  afterEach(() => overlays.stop());

  it('longer than the retries of libp2p ends within 10 s of the link coming back', async () => {
    const b = await overlays.start();
    const refused = await overlays.start();
    const swallowed = await overlays.start();
    const refusing = await overlays.linkTo(b);
    const swallowing = await overlays.linkTo(b);
    const atB = collect(b, TOPIC);
    collect(refused, TOPIC);
    collect(swallowed, TOPIC);
    await connectPair(refused, b, refusing.address());
    await connectPair(swallowed, b, swallowing.address());
    await refusing.refuse();
    await swallowing.swallow();
    await until(() => !isUp(swallowed, b) && !isUp(b, swallowed), 'the silent link is noticed', 9_000);
    await new Promise((resolve) => setTimeout(resolve, 40_000));
    expect(refused.peers()[0]!.failedDials).toBeGreaterThan(20);
    await Promise.all([refusing.open(), swallowing.open()]);
    await Promise.all([reconnected(refused, b), reconnected(swallowed, b)]);
    await flows(refused, atB, TOPIC, 5_000);
    await flows(swallowed, atB, TOPIC, 5_000);
  });
});
