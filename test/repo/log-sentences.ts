import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A line that the code can log. */
export interface LoggedLine {
  readonly sentence: string;
  readonly level: string;
  readonly part: string;
  readonly file: string;
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Which part logs what lies where; the first that fits. */
const PARTS: readonly (readonly [string, string])[] = [
  ['src/overlay/', 'overlay'],
  ['src/journal/', 'journal'],
  ['src/sync/', 'sync'],
  ['src/', 'mesh'],
  ['node/gateways/mqtt-bridge/', 'mqtt-bridge'],
  ['node/gateways/mqtt/', 'mqtt'],
  ['node/gateways/serial/', 'serial'],
  ['node/gateways/http/', 'http'],
  // Of HTTP too: what is shared stands under who had it first.
  ['node/gateways/listening/', 'mqtt'],
  ['firmware-bridge/', 'serial'],
  ['node/control/', 'control'],
  ['node/alerts/', 'alerts'],
  ['node/', 'agent'],
];

/** Every sentence of the code, from the calls `log.warn(fields, 'sentence')`; throws for a sentence that is not fixed. */
export function loggedLines(): LoggedLine[] {
  const files = globSync(['src/**/*.ts', 'node/**/*.ts', 'firmware-bridge/host/**/*.ts'], { cwd: ROOT });
  return files.sort().flatMap((file) => linesOf(file, readFileSync(`${ROOT}/${file}`, 'utf8')));
}

function linesOf(file: string, code: string): LoggedLine[] {
  const part = PARTS.find(([folder]) => file.startsWith(folder))![1];
  const lines: LoggedLine[] = [];
  for (const call of code.matchAll(/\b(?:log|logger|#log)\s*\??\.\s*(debug|info|warn|error)\(/g)) {
    const level = call[1]!;
    const passed = lastArgument(code, call.index + call[0].length);
    // Handed over under another name; where that is called the sentence stands.
    if (/^(?:sentence|unreadable|kind\.sentence)$/.test(passed)) continue;
    const sentences = literals(passed);
    if (sentences.length === 0)
      throw new Error(`${file}: the sentence of a log line is not fixed: ${passed}`);
    for (const sentence of sentences) lines.push({ sentence, level, part, file });
  }
  for (const [, text] of code.matchAll(/(?:#warn\(error, |unreadable: )('(?:[^'\\]|\\.)*')/g)) {
    lines.push({ sentence: literals(text!)[0]!, level: 'warn', part, file });
  }
  return lines;
}

/** The text of a call's last argument; strings and brackets are passed over whole. */
function lastArgument(code: string, from: number): string {
  let depth = 0;
  let start = from;
  for (let at = from; at < code.length; at++) {
    const character = code[at]!;
    if ('([{'.includes(character)) depth++;
    else if (character === ',' && depth === 0 && code.slice(at + 1).trimStart()[0] !== ')') start = at + 1;
    else if (')]}'.includes(character) && depth-- === 0)
      return code.slice(start, at).trim().replace(/,$/, '');
    else if ('\'"`'.includes(character)) at = endOfText(code, at);
  }
  throw new Error('a call without an end');
}

function endOfText(code: string, from: number): number {
  let at = from + 1;
  while (code[at] !== code[from]) at += code[at] === '\\' ? 2 : 1;
  return at;
}

/** The text, or both of `condition ? 'one' : 'other'`. */
function literals(passed: string): string[] {
  const texts = /^(?:[\w.\s=!']+\?\s*)?('(?:[^'\\]|\\.)*')(?:\s*:\s*('(?:[^'\\]|\\.)*'))?$/s.exec(passed);
  return (texts?.slice(1) ?? []).flatMap((text) =>
    text === undefined ? [] : [text.slice(1, -1).replaceAll("\\'", "'")],
  );
}
