import { AbstractStream, type SendResult } from '@libp2p/utils';
import type { Uint8ArrayList } from 'uint8arraylist';
import { describe, expect, it } from 'vitest';
import { Counters, isSedgeError } from '../../../src/errors/index.ts';
import type { NodeId } from '../../../src/identity/index.ts';
import { FrameStream } from '../../../src/overlay/frame-stream.ts';
import { HeldBackReads } from '../../../src/overlay/held-back-reads.ts';
import { silentLogger } from '../../../src/overlay/silent-logger.ts';

/** A stream of libp2p's own making, over nothing: what it sends is kept, and a test plays its peer. */
class ScriptedStream extends AbstractStream {
  readonly sent: Uint8Array[] = [];
  /** What a peer is told last, as Yamux does: a window that opens although the reader paused. */
  isHeldBack = false;

  constructor() {
    super({ id: '1', log: silentLogger.forComponent('test'), direction: 'outbound', protocol: '/test/1' });
  }

  receive(bytes: Uint8Array): void {
    this.onData(bytes);
  }

  end(): void {
    this.onRemoteCloseWrite();
  }

  override sendData(data: Uint8ArrayList): SendResult {
    this.sent.push(data.slice());
    return { sentBytes: data.byteLength, canSendMore: true };
  }

  override sendReset(): void {}
  override async sendCloseWrite(): Promise<void> {}
  override async sendCloseRead(): Promise<void> {}

  override sendPause(): void {
    this.isHeldBack = true;
  }

  override sendResume(): void {
    this.isHeldBack = false;
  }
}

function frames(stream: ScriptedStream, counters = new Counters()): FrameStream {
  return new FrameStream(stream, { peer: 'peer' as NodeId, frameBytesMax: 1_000_000, counters });
}

async function allOf(frames: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const all: Uint8Array[] = [];
  for await (const frame of frames) all.push(frame);
  return all;
}

/** Runs the work and counts the turns of the event loop in it. */
async function turnsDuring(work: () => Promise<void>): Promise<number> {
  let turns = 0;
  let isRunning = true;
  const count = () => {
    turns++;
    if (isRunning) setImmediate(count);
  };
  setImmediate(count);
  await work();
  isRunning = false;
  return turns;
}

describe('a stream of frames', () => {
  it('writes the length of a frame in 4 bytes before it, in one piece', async () => {
    const raw = new ScriptedStream();
    const stream = frames(raw);
    await stream.send(Buffer.from('sedge'));
    await stream.send(new Uint8Array(0));
    expect(raw.sent.map((bytes) => Buffer.from(bytes).toString('hex'))).toEqual([
      '000000057365646765',
      '00000000',
    ]);
  });

  it('sends a long frame in pieces that a slow link gets through', async () => {
    const raw = new ScriptedStream();
    await frames(raw).send(new Uint8Array(200_000));
    expect(Math.max(...raw.sent.map((bytes) => bytes.length))).toBe(32 * 1024);
    expect(raw.sent.reduce((sum, bytes) => sum + bytes.length, 0)).toBe(200_004);
  });

  it('lets the event loop run while it sends into a link that takes everything', async () => {
    const stream = frames(new ScriptedStream());
    const turns = await turnsDuring(async () => {
      for (let index = 0; index < 10_000; index++) await stream.send(new Uint8Array(100));
    });
    expect(turns).toBeGreaterThan(100);
  });

  it('lets the event loop run while it reads what is all there', async () => {
    const raw = new ScriptedStream();
    const stream = frames(raw);
    raw.receive(new Uint8Array(4 * 10_000));
    raw.end();
    let read = 0;
    const turns = await turnsDuring(async () => {
      for await (const frame of stream.frames) read += frame.length + 1;
    });
    expect(read).toBe(10_000);
    expect(turns).toBeGreaterThan(100);
  });

  it('puts frames together however they were cut', async () => {
    const sizes = [0, 1, 300, 70_000, 0, 5];
    const bytes = Buffer.concat(
      sizes.map((size, index) => {
        const frame = Buffer.alloc(4 + size, index + 1);
        frame.writeUInt32BE(size);
        return frame;
      }),
    );
    for (const cut of [1, 3, 4, 5, 1_000, 65_536, bytes.length]) {
      const raw = new ScriptedStream();
      const stream = frames(raw);
      const reading = allOf(stream.frames);
      for (let at = 0; at < bytes.length; at += cut) raw.receive(bytes.subarray(at, at + cut));
      raw.end();
      const read = await reading;
      expect(read.map((frame) => frame.length)).toEqual(sizes);
      read.forEach((frame, index) => {
        expect(frame.every((byte) => byte === index + 1)).toBe(true);
      });
    }
  });

  it('takes an end within a frame for a cut', async () => {
    const raw = new ScriptedStream();
    const stream = frames(raw);
    raw.receive(Buffer.from('0000000573', 'hex'));
    raw.end();
    await expect(allOf(stream.frames)).rejects.toSatisfy((error) =>
      isSedgeError(error, 'overlay.stream-closed'),
    );
  });

  it('refuses a length over the limit before it waits for its bytes, and counts it', async () => {
    const raw = new ScriptedStream();
    const counters = new Counters();
    const stream = frames(raw, counters);
    raw.receive(Buffer.from('ffffffff00', 'hex'));
    await expect(allOf(stream.frames)).rejects.toSatisfy((error) =>
      isSedgeError(error, 'overlay.frame-too-large'),
    );
    expect(counters.get('overlay.frame-too-large')).toBe(1);
    expect(raw.status).toBe('aborted');
  });

  it('resets a stream whose reader stops early', async () => {
    const raw = new ScriptedStream();
    const stream = frames(raw);
    raw.receive(new Uint8Array(8));
    for await (const _frame of stream.frames) break;
    expect(raw.status).toBe('aborted');
  });

  it('hands out what came before its end, though the reader comes later', async () => {
    const raw = new ScriptedStream();
    raw.receive(new Uint8Array(8));
    raw.end();
    expect(await allOf(frames(raw).frames)).toHaveLength(2);
  });
});

describe('reads that are held back', () => {
  it('hold the peer back again when resuming hands out more than the mark', async () => {
    const raw = new ScriptedStream();
    const reads = new HeldBackReads(raw);
    raw.receive(new Uint8Array(300_000));
    await Promise.resolve();
    expect(raw.isHeldBack).toBe(true);
    // These wait in the stream until the reader resumes it; their `message` event comes from within `resume()`.
    raw.receive(new Uint8Array(600_000));
    const chunks = await reads.next();
    expect(chunks?.reduce((sum, chunk) => sum + chunk.length, 0)).toBe(300_000);
    await Promise.resolve();
    expect(reads.queuedBytes).toBe(600_000);
    expect(raw.isHeldBack).toBe(true);
    await reads.next();
    await Promise.resolve();
    expect(raw.isHeldBack).toBe(false);
  });

  it('hand out what waited in a paused stream before its end', async () => {
    const raw = new ScriptedStream();
    const reads = new HeldBackReads(raw);
    raw.receive(new Uint8Array(300_000));
    await Promise.resolve();
    raw.receive(new Uint8Array(100_000));
    raw.end();
    let bytes = 0;
    for (let chunks = await reads.next(); chunks !== null; chunks = await reads.next()) {
      for (const chunk of chunks) bytes += chunk.length;
    }
    expect(bytes).toBe(400_000);
  });
});
