/** Where a message lies in its channel's journal: behind the first `taken` messages of the entry at a position. */
interface Place {
  readonly position: number;
  readonly taken: number;
}

/**
 * How far a stream has come in each channel, as the text that `Mesh.history` goes on from. It is the id of an event, so
 * that a client that comes back goes on where it was.
 */
export class StreamCursor {
  readonly #offsets = new Map<string, string>();
  readonly #places = new Map<string, Place>();
  #text: string | null = null;

  constructor(text: string) {
    for (const part of text.split(',')) {
      const at = part.indexOf('=');
      if (at > 0) this.note(part.slice(0, at), part.slice(at + 1));
    }
  }

  /** A message was handed on, which carries this offset. */
  note(channel: string, offset: string): void {
    this.#offsets.set(channel, offset);
    this.#places.set(channel, placeBehind(offset));
    this.#text = null;
  }

  /** Whether a message was handed on already. */
  covers(channel: string, offset: string): boolean {
    const reached = this.#places.get(channel);
    if (reached === undefined) return false;
    const { position, taken } = placeBehind(offset);
    return position < reached.position || (position === reached.position && taken <= reached.taken);
  }

  toString(): string {
    this.#text ??= [...this.#offsets].map(([channel, offset]) => `${channel}=${offset}`).join(',');
    return this.#text;
  }
}

/** `<incarnation>:<position>` is behind the whole entry there, `.<n>` behind its first n messages. */
function placeBehind(offset: string): Place {
  const point = offset.indexOf('.');
  const position = Number(offset.slice(offset.indexOf(':') + 1, point < 0 ? undefined : point));
  return point < 0
    ? { position: position + 1, taken: 0 }
    : { position, taken: Number(offset.slice(point + 1)) };
}
