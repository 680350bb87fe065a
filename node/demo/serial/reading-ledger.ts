/** A reading as the device took it; (epoch, counter) is its name. */
export interface TakenReading {
  readonly epoch: number;
  readonly counter: number;
  readonly topic: string;
  readonly value: string;
}

/** A range of readings that somebody says are lost; `last` is `null` where nobody can know it. */
export interface ReportedGap {
  readonly epoch: number;
  readonly first: number;
  readonly last: number | null;
  readonly reason: string;
}

/** What became of the readings. */
export interface LedgerFindings {
  /** Readings that the device took. */
  readonly sent: number;
  /** Of these, those that came as they were. */
  readonly delivered: number;
  /** Arrivals beyond the first. */
  readonly duplicated: number;
  /** Not delivered, and said to be lost. */
  readonly reportedLost: number;
  /** Not delivered, and nobody says so. Must be 0. */
  readonly unreportedLost: number;
  /** Arrivals of what the device did not take, or with another topic or value. */
  readonly foreign: number;
  /** Delivered, and yet inside a gap whose both ends were told. */
  readonly reportedInVain: number;
}

/** Holds what a subscriber got, and what it was told is lost, against what the device took. */
export class ReadingLedger {
  readonly #taken = new Map<string, TakenReading>();
  readonly #arrived = new Map<string, TakenReading>();
  readonly #gaps: ReportedGap[] = [];
  #duplicated = 0;

  /** The device took a reading. */
  take(reading: TakenReading): void {
    this.#taken.set(nameOf(reading), reading);
  }

  /** The subscriber got one. */
  arrive(reading: TakenReading): void {
    const name = nameOf(reading);
    if (this.#arrived.has(name)) this.#duplicated++;
    else this.#arrived.set(name, reading);
  }

  /** The subscriber was told of a loss. */
  report(gap: ReportedGap): void {
    this.#gaps.push(gap);
  }

  get taken(): number {
    return this.#taken.size;
  }

  get arrived(): number {
    return this.#arrived.size;
  }

  get gaps(): readonly ReportedGap[] {
    return this.#gaps;
  }

  /** True once each reading that was taken has arrived or is said to be lost. */
  get isAccountedFor(): boolean {
    return this.findings().unreportedLost === 0;
  }

  findings(): LedgerFindings {
    const missing = [...this.#taken].filter(([name]) => !this.#arrived.has(name)).map(([, one]) => one);
    const reportedLost = missing.filter((reading) => this.#isReported(reading)).length;
    const arrived = [...this.#arrived.values()];
    const foreign = arrived.filter((one) => !isSame(one, this.#taken.get(nameOf(one)))).length;
    return {
      sent: this.#taken.size,
      delivered: arrived.length - foreign,
      duplicated: this.#duplicated,
      reportedLost,
      unreportedLost: missing.length - reportedLost,
      foreign,
      reportedInVain: arrived.filter((one) => this.#gaps.some((gap) => isWithin(one, gap, true))).length,
    };
  }

  #isReported(reading: TakenReading): boolean {
    return this.#gaps.some((gap) => isWithin(reading, gap, false));
  }
}

function nameOf({ epoch, counter }: Pick<TakenReading, 'epoch' | 'counter'>): string {
  return `${epoch}/${counter}`;
}

/** Numbers are compared as numbers: `1.50` and `1.5` are the same reading. */
function isSame(one: TakenReading, other: TakenReading | undefined): boolean {
  return other !== undefined && one.topic === other.topic && Number(one.value) === Number(other.value);
}

function isWithin(
  { epoch, counter }: TakenReading,
  { epoch: of, first, last }: ReportedGap,
  isEndNeeded: boolean,
): boolean {
  if (epoch !== of || counter < first) return false;
  return last === null ? !isEndNeeded : counter <= last;
}
