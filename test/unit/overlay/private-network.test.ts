import { multiaddrConnectionPair } from '@libp2p/utils';
import { describe, expect, it, vi } from 'vitest';
import { privateNetwork } from '../../../src/overlay/private-network.ts';
import { bytesOf } from './test-overlays.ts';

/** A protected pair of connections in memory. */
async function protectedPair(secret = 'one', otherSecret = secret) {
  const strangers: string[] = [];
  const near = privateNetwork(bytesOf(secret), () => strangers.push('near'))();
  const far = privateNetwork(bytesOf(otherSecret), () => strangers.push('far'))();
  const [outbound, inbound] = multiaddrConnectionPair({ delay: 0 });
  const signal = AbortSignal.timeout(5_000);
  const [a, b] = await Promise.all([near.protect(outbound, { signal }), far.protect(inbound, { signal })]);
  return { a, b, strangers };
}

/** Node has it, though its types do not. */
const wasm = (
  globalThis as unknown as { WebAssembly: { Memory: { prototype: { grow(pages: number): number } } } }
).WebAssembly;

const GREETING = Buffer.from('\u0013/multistream/1.0.0\n');

describe('the private network', () => {
  it('survives more connections than its cipher has memory for', async () => {
    for (let count = 0; count < 6_000; count++) {
      const { a, b } = await protectedPair();
      a.abort(new Error('next'));
      b.abort(new Error('next'));
    }
    const { a, b } = await protectedPair();
    await expectCarried(a, b, 100);
  }, 60_000);

  it('survives a write larger than its cipher has memory for', async () => {
    // Growing is what goes wrong: it takes every other cipher's memory away, and each takes it back by growing.
    const grow = vi.spyOn(wasm.Memory.prototype, 'grow');
    const { a, b } = await protectedPair();
    await expectCarried(a, b, 3_000_000);
    expect(grow).not.toHaveBeenCalled();
    grow.mockRestore();
  });

  it('ends a connection under another secret at once', async () => {
    const { a, b, strangers } = await protectedPair('one', 'two');
    a.send(GREETING);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(strangers).toEqual(['far']);
    expect(b.status).toBe('aborted');
  });

  type Protected = Awaited<ReturnType<typeof protectedPair>>['a'];

  async function expectCarried(from: Protected, to: Protected, count: number): Promise<void> {
    const sent = Buffer.concat([GREETING, Buffer.alloc(count, 'sedge')]);
    let received = 0;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    to.addEventListener('message', (event) => {
      const bytes = event.data.subarray();
      if (!sent.subarray(received, received + bytes.length).equals(bytes)) reject(new Error('not as sent'));
      received += bytes.length;
      if (received >= sent.length) resolve();
    });
    from.send(sent);
    await promise;
    expect(received).toBe(sent.length);
  }
});
