import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type AgentClient, connectAgent } from '../../../node/control/client/index.ts';
import { describeWith } from '../../firmware/toolchain.ts';
import { Sedge } from '../cli/sedge-process.ts';
import { BusyNode } from './busy-node.ts';
import { launchChromium, WatchedPage } from './chromium.ts';

const VIEWS = [
  ['overview', 'Overview'],
  ['topology', 'Topology'],
  ['peers', 'Peers'],
  ['channels', 'Channels'],
  ['topics', 'Topics'],
  ['messages', 'Messages'],
  ['gaps', 'Gaps'],
  ['devices', 'Devices'],
  ['mqtt', 'MQTT'],
  ['alerts', 'Alerts'],
  ['node', 'Node'],
] as const;
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const TRANSFER_BYTES_MAX = 250_000;

interface AxeResult {
  readonly violations: readonly {
    readonly id: string;
    readonly impact: string;
    readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
  }[];
}

/** Serious and critical findings on what is shown. */
async function findings({ page }: WatchedPage, options: object): Promise<string[]> {
  const { violations } = (await page.evaluate(`axe.run(document, ${JSON.stringify(options)})`)) as AxeResult;
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes[0]?.html} ${nodes[0]?.failureSummary}`);
}

describeWith(['chromium'], 'the dashboard in a browser', () => {
  const sedge = new Sedge();
  let browser: Browser;
  let url: string;
  let gateway: AgentClient;
  let barn: AgentClient;
  let busy: BusyNode;

  beforeAll(async () => {
    browser = await launchChromium();
    busy = await BusyNode.start({ peers: 50, topics: 5_000 });
    const [a, b] = [await sedge.directory(), await sedge.directory()];
    await sedge.run(a, ['init', 'farm', '--name', 'gateway']);
    const { ready } = await sedge.startAgent(a, '--http', '0', '--mqtt', '0');
    url = (ready as typeof ready & { http: readonly string[] }).http[0]!;
    const invite = await sedge.run(a, ['invite']);
    await sedge.run(b, ['join', '-', '--name', 'barn'], invite.stdout);
    await sedge.startAgent(b);
    [gateway, barn] = [connectAgent({ directory: a }), connectAgent({ directory: b })];
    for (let n = 0; n < 5; n++) {
      await barn.publish('site/barn/temp', `${20 + n}`, { ack: { replicas: 1 } });
      await gateway.publish('site/house/climate', JSON.stringify({ temp: 21 + n, humidity: 60 - n }));
    }
  }, 120_000);

  afterAll(async () => {
    await Promise.all([gateway?.close(), barn?.close()]);
    await browser?.close();
    await busy?.stop();
    await sedge.cleanUp();
  });

  test('shows in each view what the node knows, speaks to no other host and says nothing on the console', async () => {
    const watched = await WatchedPage.open(browser, url);
    const { page } = watched;
    // What else there is to look at depends on the machine's disk.
    await page
      .locator('.verdict', {
        hasText: /^(All is well. This node and 1 peer are in touch.|1 thing to look at.)$/,
      })
      .waitFor();
    expect(await page.locator('#node-name').textContent()).toBe('gateway');
    for (const [view, shown] of [
      ['topology', 'svg.topology .name:text("barn")'],
      ['peers', 'th:text("barn")'],
      ['channels', 'th:text-is("main")'],
      ['topics', '[role="treeitem"]:has-text("barn/temp"):has-text("24")'],
      ['messages', 'button:text-is("Publish")'],
      ['gaps', 'text=No gaps'],
      ['devices', 'text=sedge device provision /dev/ttyUSB0'],
      ['mqtt', 'text=/0 clients connected, .* listening on 127.0.0.1:/'],
      ['alerts', 'h2:text("Alerts of this node")'],
      ['node', 'dd:has-text("farm, this node is")'],
    ] as const) {
      await page.evaluate(`location.hash = '#/${view}'`);
      await page.locator(shown).first().waitFor();
    }
    expect(watched.complaints).toEqual([]);
    expect(watched.transferredBytes).toBeGreaterThan(10_000);
    expect(watched.transferredBytes).toBeLessThan(TRANSFER_BYTES_MAX);
    await watched.close();
  });

  test('draws a chosen topic with what came before it, and what comes', async () => {
    const watched = await WatchedPage.open(browser, url, { view: 'topics/site%2Fhouse%2Fclimate' });
    const { page } = watched;
    await page.getByText('5 values, 21 to 25, last 25').waitFor();
    await page.locator('.plot canvas').waitFor();
    await gateway.publish('site/house/climate', JSON.stringify({ temp: 30.5, humidity: 40 }));
    await page.getByText('6 values, 21 to 30.5, last 30.5').waitFor();
    await page.getByLabel('Plotted field').selectOption('humidity');
    await page.getByText('6 values, 40 to 60, last 40').waitFor();
    await page.locator('[role="treeitem"][aria-selected="true"]', { hasText: 'house/climate' }).waitFor();
    expect(watched.complaints).toEqual([]);
    await watched.close();
  });

  test('publishes, and shows what comes by a filter', async () => {
    const received = barn.subscribe(['from/#'], { from: 'all' });
    const watched = await WatchedPage.open(browser, url, { view: 'messages' });
    const { page } = watched;
    await page.getByLabel('Filter').fill('from/+');
    await page.getByLabel('Filter').press('Enter');
    await page.getByLabel('Topic', { exact: true }).fill('from/page');
    await page.getByLabel('Payload').fill('grüße');
    await page.getByRole('button', { name: 'Publish' }).click();
    await page.getByText("On this node's disk as number").waitFor();
    const [message] = await received.nextBatch(1);
    expect(message).toMatchObject({ topic: 'from/page', name: 'gateway' });
    expect(message?.kind === 'message' && Buffer.from(message.payload).toString()).toBe('grüße');
    await barn.publish('from/barn', 'back');
    await page.locator('.tail td', { hasText: 'back' }).waitFor();
    await page.getByLabel('Topic', { exact: true }).fill('from/#');
    await page.getByRole('button', { name: 'Publish' }).click();
    await page.locator('.outcome.bad').waitFor();
    await received.close();
    await watched.close();
  });

  test('shows topics and payloads as text, whatever they hold', async () => {
    const markup = '<img src=x onerror=alert(1)>';
    const watched = await WatchedPage.open(browser, url, { view: 'topics' });
    const { page } = watched;
    await barn.publish(`evil/${markup}`, `${markup}<script>alert(2)</script>`, { ack: { replicas: 1 } });
    const row = page.getByRole('treeitem', { name: markup });
    await row.click();
    await page.locator('h2', { hasText: markup }).waitFor();
    await page.locator('.payload', { hasText: '<script>alert(2)</script>' }).waitFor();
    await page.evaluate("location.hash = '#/overview'");
    await page.locator('th', { hasText: markup }).waitFor();
    expect(await page.locator('img, main script').count()).toBe(0);
    expect(watched.complaints).toEqual([]);
    await watched.close();
  });

  test('can be used by keyboard alone', async () => {
    const watched = await WatchedPage.open(browser, url);
    const { page } = watched;
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to the content');
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toMatch(/^Overview/);
    expect(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')).toBe('solid');
    await vi.waitFor(
      async () => {
        // The two keys belong together only if not much time lies between them, which a busy machine may need.
        await page.keyboard.press('g');
        await page.keyboard.press('t');
        expect(await page.locator('h1').textContent()).toBe('Topics');
      },
      { timeout: 30_000, interval: 200 },
    );
    expect(await page.evaluate('document.activeElement.id')).toBe('content');
    await page.keyboard.press('/');
    await page.keyboard.type('climate');
    await page.getByText(/^1 of \d+ topics$/).waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.locator('h2', { hasText: 'site/house/climate' }).waitFor();
    await page.locator('main').press('?');
    await page.getByRole('heading', { name: 'Keys' }).waitFor();
    await page.keyboard.press('Escape');
    await watched.close();
  });

  test('asks for a token where the node wants one, and keeps it for the tab', async () => {
    const closed = await BusyNode.start({ peers: 2, topics: 10, local: 'none' });
    const token = await closed.token();
    const page = await browser.newPage();
    await page.goto(closed.url);
    const box = page.getByLabel('Token', { exact: true });
    await box.fill('wrong');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('That token is not accepted.').waitFor();
    await box.fill(token);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.locator('#connection.good').waitFor();
    await page.reload();
    await page.locator('#connection.good').waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('button', { name: 'Not now' }).click();
    await page.getByRole('button', { name: 'Enter a token' }).click();
    await box.waitFor();
    expect(await page.evaluate('Object.keys(localStorage).length + document.cookie.length')).toBe(0);
    await page.close();
    await closed.stop();
  });

  test('begins anew by itself where the node was away', async () => {
    const watched = await WatchedPage.open(browser, busy.url);
    await watched.page.context().setOffline(true);
    await busy.mesh.dropReaders();
    await watched.page.locator('#connection.bad').waitFor();
    await watched.page.context().setOffline(false);
    await watched.page.locator('#connection.good').waitFor();
    await watched.close();
  });

  test('is good for everybody in light and dark, with 50 peers and 5,000 topics', async () => {
    // In the dark nothing but colours is different.
    for (const [colorScheme, options] of [
      ['light', {}],
      ['dark', { runOnly: ['color-contrast'] }],
    ] as const) {
      const watched = await WatchedPage.open(browser, busy.url, { colorScheme, script: AXE });
      busy.mesh.say(0, 5_000);
      for (const [view, title] of VIEWS) {
        await watched.go(view, title);
        expect({ view, colorScheme, found: await findings(watched, options) }).toEqual({
          view,
          colorScheme,
          found: [],
        });
      }
      await watched.close();
    }
  });

  test('fits a phone', async () => {
    const watched = await WatchedPage.open(browser, busy.url, {
      viewport: { width: 360, height: 740 },
      hasTouch: true,
    });
    busy.mesh.say(0, 5_000);
    await watched.page.getByRole('button', { name: 'Menu' }).click();
    await watched.page.getByRole('link', { name: 'Topology' }).click();
    await watched.page.locator('svg.topology').waitFor();
    for (const [view, title] of VIEWS) {
      await watched.go(view, title);
      expect({ view, overflow: await watched.overflow() }).toEqual({ view, overflow: 0 });
    }
    await watched.close();
  });

  test('draws only the rows in sight of 5,000 topics', async () => {
    const watched = await WatchedPage.open(browser, busy.url, { view: 'topics' });
    busy.mesh.say(0, 5_000);
    await watched.page.getByText('5\u202f000 topics').waitFor();
    await watched.page.getByRole('searchbox').fill('sensor');
    await watched.page.getByRole('tree').press('End');
    expect(await watched.page.getByRole('treeitem').count()).toBeLessThan(80);
    expect(watched.complaints).toEqual([]);
    await watched.close();
  });
});
