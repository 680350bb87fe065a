import { setTimeout as delay } from 'node:timers/promises';
import type { Browser, CDPSession } from 'playwright-core';
import type { BusyNode } from './busy-node.ts';
import { WatchedPage } from './chromium.ts';

/** What a first visit costs. */
export interface FirstVisit {
  /** From the start of the navigation to the first contentful paint, milliseconds. */
  readonly firstPaintMs: number;
  /** Until the first figures of the node stood there. */
  readonly firstFiguresMs: number;
  /** Bodies over the wire, bytes. */
  readonly transferredBytes: number;
}

/** Memory of the page's scripts, after a collection. */
export interface LiveMemory {
  readonly seconds: number;
  readonly messages: number;
  /** When all topics had come, and at the end, bytes. */
  readonly before: number;
  readonly after: number;
  readonly complaints: readonly string[];
}

/** Opens the page in a fresh profile. */
export async function measureFirstVisit(browser: Browser, url: string): Promise<FirstVisit> {
  const watched = await WatchedPage.open(browser, url);
  await watched.page.locator('.verdict', { hasText: /./ }).waitFor();
  const firstFiguresMs = (await watched.page.evaluate('performance.now()')) as number;
  const firstPaintMs = (await watched.page.evaluate(
    "performance.getEntriesByName('first-contentful-paint')[0].startTime",
  )) as number;
  const { transferredBytes } = watched;
  await watched.close();
  return { firstPaintMs, firstFiguresMs, transferredBytes };
}

/** Lets all topics have a value every second while the tree, one of them open, is looked at. */
export async function measureLiveMemory(
  browser: Browser,
  node: BusyNode,
  seconds: number,
): Promise<LiveMemory> {
  const topics = node.mesh.topics.length;
  const view = `topics/${encodeURIComponent(node.mesh.topics[1]!)}`;
  const watched = await WatchedPage.open(browser, node.url, { view });
  const session = await watched.page.context().newCDPSession(watched.page);
  let at = 0;
  const traffic = setInterval(() => {
    node.mesh.say(at, topics / 20);
    at += topics / 20;
  }, 50);
  // What fills up first: every topic, its small line of 40 numbers, the code that is compiled.
  await delay(45_000);
  const from = at;
  const before = await heapBytes(session);
  await delay(seconds * 1_000);
  const after = await heapBytes(session);
  clearInterval(traffic);
  const { complaints } = watched;
  await watched.close();
  return { seconds, messages: at - from, before, after, complaints };
}

async function heapBytes(session: CDPSession): Promise<number> {
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize } = await session.send('Runtime.getHeapUsage');
  return usedSize;
}
