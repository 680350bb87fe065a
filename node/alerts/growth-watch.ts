/** For how long each figure has only grown. */
export class GrowthWatch {
  readonly #figures = new Map<string, { least: number; last: number }>();

  /** True if the figure has grown since it last went down. Subjects that are not given are forgotten with `keep`. */
  grows(subject: string, value: number): boolean {
    const figure = this.#figures.get(subject);
    if (figure === undefined || value < figure.last) {
      this.#figures.set(subject, { least: value, last: value });
      return false;
    }
    figure.last = value;
    return value > figure.least;
  }

  /** Forgets all other subjects. */
  keep(subjects: ReadonlySet<string>): void {
    for (const subject of this.#figures.keys()) if (!subjects.has(subject)) this.#figures.delete(subject);
  }
}
