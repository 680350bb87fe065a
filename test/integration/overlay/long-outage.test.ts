import { afterEach, describe, expect, it } from 'vitest';
import type { Libp2pOverlay } from '../../../src/overlay/index.ts';
import { collect, connectPair, flows, isUp, TestOverlays, until } from '../../unit/overlay/test-overlays.ts';
import { NetworkProxy } from '../network-proxy.ts';

const TOPIC = '/sedge/1/reconnect/0';

describe('an outage', () => {
  const overlays = new TestOverlays();
  const proxies: NetworkProxy[] = [];

  afterEach(async () => {
    await overlays.stop();
    for (const proxy of proxies.splice(0)) await proxy.stop();
  });

  async function linkTo(overlay: Libp2pOverlay): Promise<NetworkProxy> {
    const proxy = await NetworkProxy.to(overlay.addresses()[0]!);
    proxies.push(proxy);
    return proxy;
  }

  /** Milliseconds from now until the two are connected. */
  async function reconnected(a: Libp2pOverlay, b: Libp2pOverlay): Promise<number> {
    const startMs = performance.now();
    await until(() => isUp(a, b) && isUp(b, a), 'they find each other again', 10_000);
    return performance.now() - startMs;
  }

  it('longer than the retries of libp2p ends within 10 s of the link coming back', async () => {
    const b = await overlays.start();
    const refused = await overlays.start();
    const swallowed = await overlays.start();
    const refusing = await linkTo(b);
    const swallowing = await linkTo(b);
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
