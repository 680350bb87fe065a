import { expect, it } from 'vitest';
import { describeWith } from '../firmware/toolchain.ts';
import { BusyNode } from '../integration/dashboard/busy-node.ts';
import { launchChromium } from '../integration/dashboard/chromium.ts';
import { measureLiveMemory } from '../integration/dashboard/page-figures.ts';

describeWith(['chromium'], 'the dashboard with 5,000 topics', () => {
  it('needs no more memory after a minute of live traffic than before', async () => {
    const browser = await launchChromium();
    const node = await BusyNode.start({ peers: 50, topics: 5_000 });
    const { before, after, messages, complaints } = await measureLiveMemory(browser, node, 60);
    await browser.close();
    await node.stop();
    expect(complaints).toEqual([]);
    expect(messages).toBeGreaterThan(50_000);
    // The plot of the open topic and the engine's own tables grow by a little until they are full.
    expect(after - before).toBeLessThan(1_500_000);
  });
});
