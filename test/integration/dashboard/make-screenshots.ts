import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { BusyNode } from './busy-node.ts';
import { launchChromium, type PageOptions, WatchedPage } from './chromium.ts';

/** `npm run screenshots`: the pictures of docs/dashboard.md, of a node with 50 peers and 5,000 topics. */
const IMAGES = fileURLToPath(new URL('../../../docs/images/', import.meta.url));
/** Long enough for small lines to show something. */
const TRAFFIC_MS = 60_000;
const TOPICS = 5_000;

const PICTURES: readonly (PageOptions & { readonly name: string })[] = [
  { name: 'overview', view: 'overview' },
  { name: 'topology', view: 'topology', viewport: { width: 1_280, height: 1_080 } },
  { name: 'topics', view: `topics/${encodeURIComponent('site/barn/sensor-1/humidity')}` },
  { name: 'dark', view: 'overview', colorScheme: 'dark' },
  { name: 'phone', view: 'overview', viewport: { width: 390, height: 844 }, hasTouch: true },
];

await mkdir(IMAGES, { recursive: true });
const browser = await launchChromium();
const node = await BusyNode.start({ peers: 50, topics: TOPICS });
let at = 0;
const traffic = setInterval(() => {
  node.mesh.say(at, TOPICS / 20);
  at += TOPICS / 20;
}, 100);
const pages = await Promise.all(PICTURES.map((picture) => WatchedPage.open(browser, node.url, picture)));
await delay(TRAFFIC_MS);
for (const [index, { page }] of pages.entries()) {
  const path = join(IMAGES, `dashboard-${PICTURES[index]!.name}.png`);
  await page.screenshot({ path });
  console.log(path);
}
clearInterval(traffic);
await browser.close();
await node.stop();
