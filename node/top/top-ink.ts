/** Colours of a terminal, or none. */
export interface TopInk {
  readonly title: (text: string) => string;
  readonly good: (text: string) => string;
  readonly warn: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly faint: (text: string) => string;
}

const plain = (text: string): string => text;

/** No colours: https://no-color.org, and terminals that have none. */
export const NO_INK: TopInk = Object.freeze({
  title: plain,
  good: plain,
  warn: plain,
  bad: plain,
  faint: plain,
});

/** Of the sixteen that every terminal has, so that its own scheme decides how they look. */
export const ANSI_INK: TopInk = Object.freeze({
  title: sgr('7'),
  good: sgr('32'),
  warn: sgr('33'),
  bad: sgr('1;31'),
  faint: sgr('2'),
});

/** What an environment wants. */
export function inkFor(env: Readonly<Record<string, string | undefined>>): TopInk {
  const wantsNone = (env.NO_COLOR ?? '') !== '' || env.TERM === 'dumb';
  return wantsNone ? NO_INK : ANSI_INK;
}

function sgr(codes: string): (text: string) => string {
  return (text) => (text === '' ? '' : `\u001b[${codes}m${text}\u001b[0m`);
}
