import type { Ticket } from './session-events.ts';

/** A DATA frame that was taken and is not done with. */
interface TakenFrame {
  readonly number: number;
  /** Tickets that are not done. */
  open: number;
  /** Once this frame and all before it are done: readings up to this counter are. */
  readonly readingsUpTo: number;
}

/** Which tickets a frame waits for, and how far the readings are done without a hole. */
export class TakenFrames {
  /** In the order of the link. */
  readonly #frames: TakenFrame[] = [];
  readonly #byTicket = new Map<Ticket, TakenFrame>();
  #readingsDone: number;

  constructor(readingsDone: number) {
    this.#readingsDone = readingsDone;
  }

  /** All readings up to this counter are done. */
  get readingsDone(): number {
    return this.#readingsDone;
  }

  /** Takes a frame that waits for these tickets; says whether it waits for none. */
  take(number: number, tickets: readonly Ticket[], readingsUpTo: number): boolean {
    const frame = { number, open: tickets.length, readingsUpTo };
    this.#frames.push(frame);
    for (const ticket of tickets) this.#byTicket.set(ticket, frame);
    this.#advance();
    return frame.open === 0;
  }

  has(ticket: Ticket): boolean {
    return this.#byTicket.has(ticket);
  }

  /** One more ticket for the frame of another. */
  add(ticket: Ticket, other: Ticket): void {
    const frame = this.#byTicket.get(other);
    if (frame === undefined) return;
    frame.open++;
    this.#byTicket.set(ticket, frame);
  }

  /** A ticket is done: the number of its frame, if that is done now. */
  finish(ticket: Ticket): number | null {
    const frame = this.#byTicket.get(ticket);
    if (frame === undefined) return null;
    this.#byTicket.delete(ticket);
    frame.open--;
    this.#advance();
    return frame.open === 0 ? frame.number : null;
  }

  #advance(): void {
    while (this.#frames[0]?.open === 0) {
      this.#readingsDone = Math.max(this.#readingsDone, this.#frames.shift()!.readingsUpTo);
    }
  }
}
