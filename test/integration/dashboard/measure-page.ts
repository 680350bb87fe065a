import { BusyNode } from './busy-node.ts';
import { launchChromium } from './chromium.ts';
import { measureFirstVisit, measureLiveMemory } from './page-figures.ts';

/** `npm run dashboard:figures`: what the page costs a browser. About two minutes. */
const RUNS = 5;
const LIVE_SECONDS = 60;

const browser = await launchChromium();
const node = await BusyNode.start({ peers: 50, topics: 5_000 });
node.mesh.say(0, 5_000);
const visits = [];
for (let run = 0; run < RUNS; run++) visits.push(await measureFirstVisit(browser, node.url));
visits.sort((a, b) => a.firstPaintMs - b.firstPaintMs);
const { firstPaintMs, firstFiguresMs, transferredBytes } = visits[Math.floor(RUNS / 2)]!;
console.log(
  `first paint ${firstPaintMs.toFixed(0)} ms, first figures ${firstFiguresMs.toFixed(0)} ms (median of ${RUNS})`,
);
console.log(`over the wire ${(transferredBytes / 1_000).toFixed(1)} kB`);
const { messages, before, after } = await measureLiveMemory(browser, node, LIVE_SECONDS);
const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(2);
console.log(
  `${messages} messages in ${LIVE_SECONDS} s, scripts' memory ${megabytes(before)} MB before, ${megabytes(after)} MB after`,
);
await browser.close();
await node.stop();
