/** A message as the operations centre writes it down. */
export interface CentreMessage {
  readonly kind: 'message';
  /** Counts what the centre asked for at once, from 1; asking for the next acknowledges the one before. */
  readonly batch: number;
  readonly author: string;
  readonly epoch: string;
  readonly seq: number;
  readonly topic: string;
  readonly observed: string;
  readonly value: string;
}

/** A gap as the operations centre writes it down. */
export interface CentreGap {
  readonly kind: 'gap';
  readonly batch: number;
  readonly author: string;
  readonly epoch: string;
  readonly first: number;
  readonly last: number;
}

export type CentreRecord = CentreMessage | CentreGap;

/** A record as a line of the centre's file, newline included. */
export function writeCentreRecord(record: CentreRecord): string {
  const { batch, author, epoch } = record;
  const rest =
    record.kind === 'gap'
      ? [record.first, record.last]
      : [record.seq, record.topic, record.observed, record.value];
  return `${JSON.stringify([batch, author, epoch, ...rest])}\n`;
}

/**
 * The records of a centre's file. What follows the last newline was cut short when the centre was killed, and
 * was never acknowledged.
 */
export function readCentreRecords(text: string): CentreRecord[] {
  const lines = text.split('\n');
  lines.pop();
  return lines.map((line) => {
    const cells = JSON.parse(line) as (string | number)[];
    const [batch, author, epoch] = cells as [number, string, string];
    if (cells.length === 5) {
      const [first, last] = cells.slice(3) as [number, number];
      return { kind: 'gap', batch, author, epoch, first, last };
    }
    const [seq, topic, observed, value] = cells.slice(3) as [number, string, string, string];
    return { kind: 'message', batch, author, epoch, seq, topic, observed, value };
  });
}
