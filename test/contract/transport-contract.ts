import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Transport } from '../../firmware-bridge/host/transport/index.ts';
import { isSedgeError, type SedgeError } from '../../src/index.ts';

/** A transport to try, and the device's end of its line. */
export interface TransportUnderTest {
  readonly transport: Transport;
  /** One that leads nowhere. */
  readonly nowhere: Transport;
  /** Sends from the device's end. */
  send(bytes: Uint8Array): void;
  /** All that came to the device's end so far. */
  received(): Uint8Array;
  /** Unplugs it. */
  hangUp(): void;
  dispose(): Promise<void>;
}

/** Every byte there is: none may mean anything to a line. */
const ALL_BYTES = Uint8Array.from({ length: 256 }, (_, index) => index);

/** What every {@link Transport} promises. */
export function describeTransportContract(name: string, make: () => Promise<TransportUnderTest>): void {
  describe(`${name} keeps the contract of a transport`, () => {
    let under: TransportUnderTest;
    let heard: Uint8Array[];
    let ended: SedgeError[];

    beforeEach(async () => {
      under = await make();
      heard = [];
      ended = [];
    });
    afterEach(async () => {
      await under.transport.close();
      await under.dispose();
    });

    const open = () =>
      under.transport.open({
        onBytes: (bytes) => heard.push(bytes),
        onClosed: (failure) => ended.push(failure),
      });
    const heardBytes = () => Buffer.concat(heard);

    it('carries every byte to the device', async () => {
      await open();
      expect(under.transport.write(ALL_BYTES)).toBe(true);
      await expect.poll(() => Buffer.from(under.received())).toEqual(Buffer.from(ALL_BYTES));
    });

    it('carries every byte from the device', async () => {
      await open();
      under.send(ALL_BYTES);
      await expect.poll(heardBytes).toEqual(Buffer.from(ALL_BYTES));
    });

    it('keeps the order of many small pieces both ways', async () => {
      await open();
      for (const byte of ALL_BYTES) {
        under.transport.write(Uint8Array.of(byte));
        under.send(Uint8Array.of(byte));
      }
      await expect.poll(() => Buffer.from(under.received())).toEqual(Buffer.from(ALL_BYTES));
      await expect.poll(heardBytes).toEqual(Buffer.from(ALL_BYTES));
    });

    it('drops what is written before it is open', async () => {
      expect(under.transport.write(Uint8Array.of(1))).toBe(false);
      await open();
      under.transport.write(Uint8Array.of(2));
      await expect.poll(() => [...under.received()]).toEqual([2]);
    });

    it('says once that the line was cut, and takes nothing more', async () => {
      await open();
      under.hangUp();
      await expect.poll(() => ended.length).toBe(1);
      expect(isSedgeError(ended[0])).toBe(true);
      expect(under.transport.write(Uint8Array.of(1))).toBe(false);
      await under.transport.close();
      expect(ended).toHaveLength(1);
    });

    it('tells nothing after it was closed', async () => {
      await open();
      await under.transport.close();
      under.send(Uint8Array.of(1));
      under.hangUp();
      await new Promise((resolve) => setImmediate(resolve));
      expect(under.transport.write(Uint8Array.of(1))).toBe(false);
      expect(heard).toEqual([]);
      expect(ended).toEqual([]);
    });

    it('can be closed twice, and without having been opened', async () => {
      await under.transport.close();
      await under.transport.close();
      await under.nowhere.close();
    });

    it('refuses to open what is not there, with a code', async () => {
      const opening = under.nowhere.open({ onBytes: () => {}, onClosed: () => {} });
      await expect(opening).rejects.toMatchObject({ code: expect.stringMatching(/^serial\./) });
      expect(under.nowhere.write(Uint8Array.of(1))).toBe(false);
    });

    it('takes only so much for a line that does not move', async () => {
      await open();
      const block = new Uint8Array(1_024);
      let taken = 0;
      // The system's own buffers take their share first: megabytes of a socket.
      while (taken < 100_000 && under.transport.write(block)) taken++;
      expect(taken).toBeLessThan(100_000);
    });
  });
}
