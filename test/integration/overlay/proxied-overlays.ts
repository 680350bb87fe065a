import type { Libp2pOverlay } from '../../../src/overlay/index.ts';
import { isUp, TestOverlays, until } from '../../unit/overlay/test-overlays.ts';
import { NetworkProxy } from '../network-proxy.ts';

/** Overlays, and links between them that a test can cut. */
export class ProxiedOverlays extends TestOverlays {
  readonly #proxies: NetworkProxy[] = [];

  /** A link to an overlay, to be dialled in its place. */
  async linkTo(overlay: Libp2pOverlay): Promise<NetworkProxy> {
    const proxy = await NetworkProxy.to(overlay.addresses()[0]!);
    this.#proxies.push(proxy);
    return proxy;
  }

  override async stop(): Promise<void> {
    await super.stop();
    for (const proxy of this.#proxies.splice(0)) await proxy.stop();
  }
}

/** Milliseconds from now until the two are connected. */
export async function reconnected(a: Libp2pOverlay, b: Libp2pOverlay): Promise<number> {
  const startMs = performance.now();
  await until(() => isUp(a, b) && isUp(b, a), 'they find each other again', 10_000);
  return performance.now() - startMs;
}
