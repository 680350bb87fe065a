import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { slugOf } from '../../repo/page-anchors.ts';
import { ROOT } from '../page-samples.ts';

/** A block of commands of a guide, and what becomes of it. */
export interface GuideSample {
  /** Anchors of the headings that it stands below, the outermost first. */
  readonly sections: readonly string[];
  /** Line of its first fence. */
  readonly line: number;
  readonly code: string;
  readonly does: GuideAction;
  /** What the page shows that it prints: lines, `…` for what differs; `null` where it shows nothing. */
  readonly output: string | null;
}

/** `run`: to its end, with an exit code. `start`: in the background. `leave`: not in tests, and why. */
export type GuideAction =
  | {
      readonly kind: 'run';
      readonly machine: string | null;
      readonly exitCode: number;
      /** It asks for a password. */
      readonly asks: boolean;
    }
  | { readonly kind: 'start'; readonly what: 'agent' | 'device'; readonly machine: string | null }
  | { readonly kind: 'leave'; readonly why: string };

/**
 * Reads the shell blocks of a page. What stands behind `sh` says what becomes of one: nothing (it is run and must succeed),
 * `agent` or `device` (it is left running), `exit 3` (it ends with that code), `asks` (for a password), `on barn` (on that machine), `no-run: why`.
 * A block `text output` behind it shows what it prints.
 */
export function guideSamples(page: string): GuideSample[] {
  const lines = readFileSync(join(ROOT, page), 'utf8').split('\n');
  const samples: GuideSample[] = [];
  const headings: string[] = [];
  for (let at = 0; at < lines.length; at++) {
    const heading = /^(#+) (.+)$/.exec(lines[at]!);
    if (heading !== null) headings.splice(heading[1]!.length - 1, headings.length, slugOf(heading[2]!));
    const fence = /^```(\S.*)$/.exec(lines[at]!);
    if (fence === null) continue;
    const end = lines.indexOf('```', at + 1);
    const code = lines.slice(at + 1, end).join('\n');
    const [language, ...words] = fence[1]!.split(' ');
    if (language === 'sh') {
      const does = actionOf(words.join(' '), `${page}:${at + 1}`);
      samples.push({ sections: headings.filter(Boolean), line: at + 1, code, does, output: null });
    } else if (fence[1] === 'text output') samples.push({ ...samples.pop()!, output: code });
    at = end;
  }
  return samples;
}

function actionOf(words: string, place: string): GuideAction {
  const { why } = /^no-run: (?<why>.{10,})$/.exec(words)?.groups ?? {};
  if (why !== undefined) return { kind: 'leave', why };
  const form = /^(?:(?<what>agent|device|asks)|exit (?<code>\d+))?(?: ?on (?<machine>\w+))?$/.exec(words);
  if (form === null) throw new Error(`${place}: what is "sh ${words}"?`);
  const { what, code, machine = null } = form.groups as Record<string, string | undefined>;
  if (what === 'agent' || what === 'device') return { kind: 'start', what, machine };
  return { kind: 'run', machine, exitCode: Number(code ?? 0), asks: what === 'asks' };
}

/** Lines of a shown output that are not in the printed one, in their order. Blanks in a row count as one. */
export function missingOutput(shown: string, printed: string): string[] {
  const actual = printed.split('\n').map(plain);
  let from = 0;
  return shown.split('\n').filter((line) => {
    if (plain(line) === '' || plain(line) === '…') return false;
    const pattern = new RegExp(`^${plain(line).split('…').map(escaped).join('.*')}$`);
    const at = actual.findIndex((text, index) => index >= from && pattern.test(text));
    if (at >= 0) from = at + 1;
    return at < 0;
  });
}

function plain(line: string): string {
  return line.trim().replaceAll(/\s+/g, ' ');
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
