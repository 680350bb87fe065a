import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

/** Debian's Chromium, without what would speak to other hosts. */
const OPTIONS = Object.freeze({
  executablePath: '/usr/bin/chromium',
  args: [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--disable-dev-shm-usage',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
});

/** Starts the browser. */
export function launchChromium(args: readonly string[] = []): Promise<Browser> {
  return chromium.launch({ ...OPTIONS, args: [...OPTIONS.args, ...args] });
}

/** How a page is opened. */
export interface PageOptions extends BrowserContextOptions {
  /** @defaultValue `'overview'` */
  readonly view?: string;
  /** Runs before those of the page. */
  readonly script?: string;
}

/** A page of which everything is remembered that should not happen. */
export class WatchedPage {
  readonly page: Page;
  /** Console errors and warnings, exceptions, failed requests, and requests to other hosts. */
  readonly complaints: string[] = [];
  /** Bytes of bodies as they came over the wire, of all files but streams. */
  transferredBytes = 0;

  private constructor(page: Page, origin: string) {
    this.page = page;
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning')
        this.complaints.push(`console ${message.type()}: ${message.text()}`);
    });
    page.on('pageerror', (error) => this.complaints.push(`exception: ${error.stack ?? error.message}`));
    page.on('request', (request) => {
      if (!request.url().startsWith(`${origin}/`))
        this.complaints.push(`asked another host: ${request.url()}`);
    });
    page.on('response', (response) => {
      if (response.status() >= 400) this.complaints.push(`${response.status()} ${response.url()}`);
    });
    page.on('requestfinished', (request) => {
      void request
        .sizes()
        .then(({ responseBodySize }) => {
          this.transferredBytes += responseBodySize;
        })
        .catch(() => {});
    });
  }

  /** Opens a page of the dashboard at a view. */
  static async open(
    browser: Browser,
    url: string,
    { view = 'overview', script = '', ...options }: PageOptions = {},
  ): Promise<WatchedPage> {
    const context = await browser.newContext({ viewport: { width: 1_280, height: 800 }, ...options });
    const page = await context.newPage();
    const watched = new WatchedPage(page, new URL(url).origin);
    // A policy that is broken says so on the console too, and this names the directive.
    await page.addInitScript(
      "addEventListener('securitypolicyviolation', (event) => console.error('policy', event.violatedDirective, event.blockedURI))",
    );
    if (script !== '') await page.addInitScript(script);
    await page.goto(`${url}/#/${view}`);
    await page.locator('#connection.good').waitFor();
    return watched;
  }

  /** Goes to another view and waits until it is there. */
  async go(view: string, title: string): Promise<void> {
    await this.page.evaluate(`location.hash = ${JSON.stringify(`#/${view}`)}`);
    await this.page.locator('h1', { hasText: title }).waitFor();
  }

  /** How many pixels the page is wider than its window. */
  overflow(): Promise<number> {
    return this.page.evaluate('document.documentElement.scrollWidth - innerWidth');
  }

  close(): Promise<void> {
    return this.page.context().close();
  }
}
