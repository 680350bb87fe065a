import { vi } from 'vitest';

/** Time that passes when a test says so, on the steady clock; a node's wall clock follows by `skewMs`. */
export class PassingTime {
  passedMs = 0;

  /** Undone by `vi.restoreAllMocks()`. */
  constructor() {
    const now = performance.now.bind(performance);
    vi.spyOn(performance, 'now').mockImplementation(() => now() + this.passedMs);
  }
}
