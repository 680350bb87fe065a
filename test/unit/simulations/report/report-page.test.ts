import { createHash } from 'node:crypto';
import { Script } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { foldRun } from '../../../../simulations/report/fold-run.ts';
import { reportPage } from '../../../../simulations/report/report-page.ts';
import { sampleRun } from './sample-history.ts';

const OPTIONS = { madeAtMs: Date.UTC(2026, 10, 25), version: '0.2.0' };
const EVIL = '</script><script>alert(1)</script><!-- & "quoted" \u2028';

function page(title = 'sample'): string {
  return reportPage([foldRun(sampleRun({ title }), 50), foldRun(sampleRun({ ok: false }), 50)], OPTIONS);
}

/** What an element holds. */
function insideOf(html: string, opening: RegExp, closing: string): string {
  const match = opening.exec(html)!;
  const start = match.index + match[0].length;
  return html.slice(start, html.indexOf(closing, start));
}

describe('the report', () => {
  test('asks nothing of anybody: no address, and a policy that allows none', () => {
    const html = page();
    // The names of XML namespaces are no addresses.
    const withoutNames = html.replaceAll('http://www.w3.org/2000/svg', '');
    expect(withoutNames).not.toMatch(/(?:https?:)?\/\/[a-z0-9]/i);
    expect(html).not.toMatch(/<(?:link|img|iframe|object)\b|\ssrc=|@import|url\(/i);
    expect(html).toContain("default-src 'none'");
    expect(html).not.toContain('unsafe');
  });

  test('has a policy that lets its own style and script run', () => {
    const html = page();
    for (const [opening, closing] of [
      [/<style>/, '</style>'],
      [/<script>/, '</script>'],
    ] as const) {
      const hash = createHash('sha256')
        .update(insideOf(html, opening, closing))
        .digest('base64');
      expect(html).toContain(`'sha256-${hash}'`);
    }
  });

  test('has a script that parses, without the seams of its modules', () => {
    const script = insideOf(page(), /<script>/, '</script>');
    expect(() => new Script(script)).not.toThrow();
    expect(script).not.toMatch(/^\s*(?:import|export)\b/m);
  });

  test('opens and closes its elements in order', () => {
    const html = page().replaceAll(/<(script|style)\b[^>]*>.*?<\/\1>/gs, '');
    const open: string[] = [];
    for (const [, closing, tag] of html.matchAll(/<(\/?)([a-z][a-z0-9]*)\b[^>]*>/g)) {
      if (tag === 'meta') continue;
      if (closing === '') open.push(tag!);
      else expect(open.pop()).toBe(tag);
    }
    expect(open).toEqual([]);
  });

  test('takes names as text, whatever they hold', () => {
    const html = page(EVIL);
    expect(html.split('<script').length).toBe(3);
    const data = insideOf(html, /<script type="application\/json" id="runs">/, '</script>');
    expect(JSON.parse(data).runs[0].title).toBe(EVIL);
  });

  test('says without scripts what ran, how it ended and how to run it again', () => {
    const html = page();
    expect(html).toContain('<td>sample</td><td>model</td><td>7</td><td>passed</td>');
    expect(html).toContain('<td>npx sedge simulate sample --seed 7</td>');
  });
});
