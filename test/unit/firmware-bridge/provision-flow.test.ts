import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DeviceBook } from '../../../firmware-bridge/host/devices/index.ts';
import { ProvisionFlow, type ProvisionOptions } from '../../../firmware-bridge/host/provision/index.ts';
import type { DeviceId, SessionEvent } from '../../../firmware-bridge/host/session/index.ts';
import { silentLog } from '../../../src/index.ts';

const nowMs = () => 1_700_000_000_000;

describe('giving a device its key', () => {
  let folder: string;
  let book: DeviceBook;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sedge-provision-'));
    book = await DeviceBook.open(folder, { log: silentLog, nowMs });
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** A flow at a port where a board without a key said hello; the key is on its way when it resolves. */
  async function offered(options: ProvisionOptions): Promise<{ flow: ProvisionFlow; id: DeviceId }> {
    const sent: SessionEvent[] = [];
    const flow = new ProvisionFlow(options, { book, send: (event) => sent.push(event), nowMs });
    flow.onEffect({ kind: 'unprovisioned', firmware: 1 });
    const ended = flow.done.then(
      () => 'done',
      (error: unknown) => Promise.reject(error),
    );
    await Promise.race([vi.waitUntil(() => sent.length > 0), ended]);
    const [event] = sent;
    if (event?.kind !== 'provision') throw new Error(`sent ${event?.kind}`);
    return { flow, id: event.offer.deviceId };
  }

  it('gives no second board a key that a first one took, though that was never heard since', async () => {
    const { flow, id } = await offered({ name: 'uno-1' });
    flow.onEffect({ kind: 'provisioned', deviceId: id });
    expect((await flow.done).id).toBe(id);
    await expect(offered({ name: 'uno-1' })).rejects.toMatchObject({ code: 'device.exists' });
  });

  it('offers the same key again after an attempt that was cut off, with what is said of it now', async () => {
    const { flow, id } = await offered({ name: 'uno-1', prefix: 'brn' });
    flow.giveUp('device.silent');
    await expect(flow.done).rejects.toMatchObject({ code: 'device.provision-failed' });
    const again = await offered({ name: 'uno-1', prefix: 'barn', topics: ['barn/#'] });
    expect(again.id).toBe(id);
    expect(book.get(id)).toMatchObject({ prefix: 'barn', topicFilters: ['barn/#'], signingKey: null });
  });
});
