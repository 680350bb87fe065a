import { buildLinkFirmware } from '../uno/build-firmware.ts';
import { SerialLine } from '../uno/serial-line.ts';
import { UnoBoard } from '../uno/uno-board.ts';
import { LinkEnd } from './link-end.ts';

/** Control, seq, ack, CRC, COBS and zeros are what the link adds; all else of a frame is its payload. */
export interface Goodput {
  /** Link payload delivered once and in order, by what the wire could have carried in the time. */
  readonly share: number;
  readonly payloadBytesPerSecond: number;
  readonly framesPerSecond: number;
  /** How busy the wire was. */
  readonly wireShare: number;
}

export interface GoodputOptions {
  readonly loss: number;
  readonly seconds: number;
  readonly seed: string;
  /** Each way. @defaultValue 1 */
  readonly latencyMs?: number;
}

const WINDOW = 4;

/** Raw payload in full frames through the link layer of both sides; bytes are lost in both directions. */
export function unsealedGoodput({ loss, seconds, seed, latencyMs = 1 }: GoodputOptions): Goodput {
  const firmware = buildLinkFirmware();
  const board = new UnoBoard({ flash: firmware.flash, seed });
  const line = new SerialLine({ board, seed, latencyMs });
  line.toHost.faults = { loss };
  line.toBoard.faults = { loss };
  const end = new LinkEnd(line, WINDOW);
  line.end = end;
  board.powerOn();
  line.runMs(seconds * 1_000);
  if (end.outOfOrder > 0) throw new Error(`${end.outOfOrder} payloads out of order (seed ${seed})`);
  return goodputOf(end.payloadBytes, end.frames, line.sentByBoard, {
    seconds,
    bytesPerSecond: board.usart.bytesPerSecond,
  });
}

/** What was delivered, against what the wire could have carried. */
export function goodputOf(
  payloadBytes: number,
  frames: number,
  sentByBoard: number,
  wire: { readonly seconds: number; readonly bytesPerSecond: number },
): Goodput {
  const carried = wire.seconds * wire.bytesPerSecond;
  return {
    share: payloadBytes / carried,
    payloadBytesPerSecond: payloadBytes / wire.seconds,
    framesPerSecond: frames / wire.seconds,
    wireShare: sentByBoard / carried,
  };
}
