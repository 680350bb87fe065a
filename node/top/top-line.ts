import type { TopInk } from './top-ink.ts';

/** A piece of a line in one colour. */
export interface Span {
  readonly text: string;
  readonly ink?: keyof TopInk;
}

/** One line of the screen. */
export type Line = readonly Span[];

/** A column of a table. */
export interface TopColumn<Row> {
  readonly title: string;
  readonly cell: (row: Row) => string;
  readonly ink?: (row: Row) => keyof TopInk | undefined;
  readonly align?: 'left' | 'right';
}

const GAP = '  ';
/** Names and topics longer than this are cut, so that figures stay in sight. */
const CELL_CHARACTERS_MAX = 40;

/** Rows under their titles. */
export function tableLines<Row>(rows: readonly Row[], columns: readonly TopColumn<Row>[]): Line[] {
  const cells = rows.map((row) => columns.map(({ cell }) => clean(cell(row))));
  const widths = columns.map(({ title }, at) =>
    Math.max(title.length, ...cells.map((line) => [...line[at]!].length)),
  );
  const pad = (text: string, at: number) => {
    const fill = ' '.repeat(Math.max(0, widths[at]! - [...text].length));
    return columns[at]!.align === 'right' ? `${fill}${text}${GAP}` : `${text}${fill}${GAP}`;
  };
  return [
    columns.map(({ title }, at): Span => ({ text: pad(title, at), ink: 'faint' })),
    ...rows.map((row, index) =>
      columns.map(({ ink }, at): Span => {
        const colour = ink?.(row);
        return { text: pad(cells[index]![at]!, at), ...(colour === undefined ? {} : { ink: colour }) };
      }),
    ),
  ];
}

/** A line as it goes to the terminal, cut to its width. */
export function lineText(line: Line, width: number, ink: TopInk): string {
  let left = width;
  let text = '';
  for (const span of line) {
    const characters = [...clean(span.text, Number.POSITIVE_INFINITY)].slice(0, left);
    left -= characters.length;
    const piece = characters.join('');
    text += span.ink === undefined ? piece : ink[span.ink](piece);
    if (left <= 0) break;
  }
  return text;
}

/** Names come from other nodes: a control character of theirs must not reach the terminal. */
function clean(text: string, charactersMax = CELL_CHARACTERS_MAX): string {
  const shown = text.replaceAll(/\p{Cc}/gu, '\ufffd');
  const characters = [...shown];
  return characters.length <= charactersMax ? shown : `${characters.slice(0, charactersMax - 1).join('')}~`;
}
