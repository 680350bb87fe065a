import { createHash } from 'node:crypto';
import { pageScript, pageStyle } from './page-script.ts';
import type { RunReport } from './run-report.ts';

/** What the page says beside the runs. */
export interface ReportPageOptions {
  /** When it was made, milliseconds since 1970. */
  readonly madeAtMs: number;
  /** Version of sedge. */
  readonly version: string;
}

/**
 * Runs as one HTML file that needs nothing else: no request leaves it, and its content security policy allows
 * none. Without scripts it still says what ran, how it ended and how to run it again.
 */
export function reportPage(runs: readonly RunReport[], options: ReportPageOptions): string {
  const style = `\n${pageStyle()}`;
  const script = `\n${pageScript()}`;
  // What could end the element or start a comment in it is written as an escape, which is the same JSON.
  const data = JSON.stringify({ runs }).replaceAll('<', '\\u003c');
  const failed = runs.filter(({ ok }) => !ok).length;
  const title = `${failed === 0 ? 'passed' : `${failed} failed`}: ${[...new Set(runs.map((run) => run.title))].join(', ')}`;
  const made = new Date(options.madeAtMs).toISOString().replace(/\..*$/, 'Z');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src '${hashOf(style)}'; script-src '${hashOf(script)}'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escaped(title.slice(0, 120))}</title>
<style>${style}</style>
</head>
<body>
<h1>sedge simulate</h1>
<main id="content">
${plainTable(runs)}
</main>
<footer>Made ${made} by sedge ${escaped(options.version)}. Times are virtual. The figures of a run on the model overlay depend on its seed alone.</footer>
<script type="application/json" id="runs">${data}</script>
<script>${script}</script>
</body>
</html>
`;
}

function plainTable(runs: readonly RunReport[]): string {
  const rows = runs.map(({ title, overlay, seed, ok, replay, violations }) => {
    const verdict = ok ? 'passed' : `failed: ${violations.map(({ what }) => what).join('; ')}`;
    const cells = [title, overlay, String(seed), verdict, replay].map((text) => `<td>${escaped(text)}</td>`);
    return `<tr>${cells.join('')}</tr>`;
  });
  return `<table>
<thead><tr><th>run</th><th>overlay</th><th>seed</th><th>verdict</th><th>replay</th></tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table>`;
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}

function escaped(text: string): string {
  const names: Readonly<Record<string, string>> = {
    '&': 'amp',
    '<': 'lt',
    '>': 'gt',
    '"': 'quot',
    "'": '#39',
  };
  return text.replaceAll(/[&<>"']/g, (character) => `&${names[character]};`);
}
