import { Buffer } from 'node:buffer';
import { encodeFrame, type Frame } from '../frame/index.ts';
import type { SessionEffect } from './session-events.ts';

/** Gathers what one event of a session leads to; frames leave as one piece. */
export class Outbox {
  #effects: SessionEffect[] = [];
  #frames: Uint8Array[] = [];
  /** Whether each frame is to be told of. */
  isTracing = false;

  push(effect: SessionEffect): void {
    this.#effects.push(effect);
  }

  send(frame: Frame): void {
    const bytes = encodeFrame(frame);
    this.#frames.push(bytes);
    this.trace('host', frame, bytes.length);
  }

  trace(from: 'device' | 'host', frame: Frame, bytes: number): void {
    if (!this.isTracing) return;
    const { type, seq, ack, again, notReady } = frame;
    this.push({ kind: 'frame', from, type, seq, ack, bytes, again, notReady });
  }

  drain(): SessionEffect[] {
    const effects = this.#effects;
    const [first, ...others] = this.#frames;
    if (first !== undefined) {
      const bytes = others.length === 0 ? first : new Uint8Array(Buffer.concat(this.#frames));
      effects.push({ kind: 'write', bytes });
      this.#frames = [];
    }
    this.#effects = [];
    return effects;
  }
}

/** A frame that carries nothing of a link. */
export function plainFrame(type: Frame['type'], payload: Uint8Array): Frame {
  return { type, seq: 0, ack: 0, notReady: false, again: false, payload };
}
