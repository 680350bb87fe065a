/** One column of a table. */
export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => string;
  /** @defaultValue `'left'`; figures are easier to compare on the right */
  readonly align?: 'left' | 'right';
}

/** Rows as aligned columns under their titles, two spaces apart, without lines or colours. Ends in a newline. */
export function formatTable<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string {
  const cells = [
    columns.map((column) => column.title),
    ...rows.map((row) => columns.map((c) => plain(c.cell(row)))),
  ];
  const widths = columns.map((_, index) => Math.max(...cells.map((line) => line[index]!.length)));
  return cells.map((line) => formatLine(line, widths, columns)).join('');
}

/** Names and values, one a line, the values aligned. Ends in a newline. */
export function formatFacts(facts: readonly (readonly [name: string, value: string])[]): string {
  const width = Math.max(0, ...facts.map(([name]) => name.length));
  return facts.map(([name, value]) => `${name.padEnd(width)}  ${plain(value)}\n`).join('');
}

function formatLine<Row>(line: string[], widths: number[], columns: readonly Column<Row>[]): string {
  const padded = line.map((cell, index) => {
    const width = widths[index]!;
    return columns[index]!.align === 'right' ? cell.padStart(width) : cell.padEnd(width);
  });
  return `${padded.join('  ').trimEnd()}\n`;
}

/** Names come from other nodes: a control character of theirs must not reach the terminal. */
function plain(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, '\ufffd');
}
