/** What the tests of faults print and are held to. */
export interface DeliveryFigures {
  /** Readings that devices took, in all epochs. */
  readonly sent: number;
  /** Readings in the mesh. */
  readonly delivered: number;
  /** Messages in the mesh beyond one for each reading, and such with another's number or value. */
  readonly duplicated: number;
  /** Readings that are not in the mesh and that a gap covers. */
  readonly reportedLost: number;
  /** Readings that are missing without a word. */
  readonly unreportedLost: number;
}

interface Gap {
  readonly epoch: number;
  readonly throughEpoch?: number;
  readonly first: number;
  readonly last: number | null;
}

/**
 * The mesh as a device's readings see it: a message for each publish id, which drops what comes again, and the gaps
 * that were reported. The n-th reading of an epoch has the value n.
 */
export class DeliveryLedger {
  readonly #delivered = new Map<number, Map<number, number>>();
  readonly #gaps: Gap[] = [];
  readonly #taken = new Map<number, number>();
  #wrong = 0;

  /** A device says how many readings it has taken in an epoch. */
  took(epoch: number, count: number): void {
    this.#taken.set(epoch, Math.max(count, this.#taken.get(epoch) ?? 0));
  }

  /** A reading was published under its id (device, epoch, counter). */
  publish(epoch: number, counter: number, value: number): void {
    const readings = this.#delivered.get(epoch) ?? new Map<number, number>();
    this.#delivered.set(epoch, readings);
    if (value !== counter || (readings.has(counter) && readings.get(counter) !== value)) this.#wrong += 1;
    readings.set(counter, value);
  }

  report(gap: Gap): void {
    this.#gaps.push(gap);
  }

  /** Messages in the mesh. */
  get published(): number {
    return [...this.#delivered.values()].reduce((sum, readings) => sum + readings.size, 0);
  }

  get gaps(): readonly Gap[] {
    return this.#gaps;
  }

  figures(): DeliveryFigures {
    let [sent, delivered, reportedLost, unreportedLost, beyond] = [0, 0, 0, 0, 0];
    for (const [epoch, taken] of this.#taken) {
      const readings = this.#delivered.get(epoch);
      sent += taken;
      for (let counter = 1; counter <= taken; counter++) {
        if (readings?.has(counter)) delivered += 1;
        else if (this.#isReported(epoch, counter)) reportedLost += 1;
        else unreportedLost += 1;
      }
    }
    for (const [epoch, readings] of this.#delivered) {
      const taken = this.#taken.get(epoch) ?? 0;
      beyond += [...readings.keys()].filter((counter) => counter > taken).length;
    }
    return { sent, delivered, duplicated: beyond + this.#wrong, reportedLost, unreportedLost };
  }

  #isReported(epoch: number, counter: number): boolean {
    return this.#gaps.some(({ epoch: from, throughEpoch: to = from, first, last }) => {
      if (epoch < from || epoch > to) return false;
      return (epoch > from || counter >= first) && (last === null || counter <= last);
    });
  }
}
