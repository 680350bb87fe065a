import { setTimeout as sleep } from 'node:timers/promises';
import { assert } from '../../src/errors/index.ts';
import { DeliveryLedger, type DeliveryReport } from '../delivery-ledger.ts';
import { monotonicMs } from '../monotonic-clock.ts';
import { readStamp } from '../stamped-payload.ts';
import type { ChildAnswer, ChildCommand, ChildOptions, ChildRequest, ChildResponse } from './commands.ts';
import type { Endpoint } from './endpoint.ts';
import { publishRun } from './publish-run.ts';

/** How often a wait looks whether it is over. Measured times do not depend on it. */
const POLL_MS = 10;

let endpoint: Endpoint | null = null;
let stopped = false;
const ledgers = new Map<number, DeliveryLedger>();

const answers: { [C in ChildCommand]: (options: ChildOptions<C>) => Promise<ChildAnswer<C>> } = {
  async open(options) {
    endpoint = await openEndpoint(options);
    return { addresses: endpoint.addresses() };
  },
  async subscribe({ order = 'author' }) {
    void pump(await opened().subscribe(order));
    return null;
  },
  async connected({ timeoutMs }) {
    const deadlineMs = monotonicMs() + timeoutMs;
    while (!(await opened().isConnected())) {
      if (monotonicMs() > deadlineMs) throw new Error(`no peer after ${timeoutMs} ms`);
      await sleep(POLL_MS);
    }
    return null;
  },
  publish(run) {
    stopped = false;
    return publishRun(opened(), run, () => stopped);
  },
  async stopPublishing() {
    stopped = true;
    return null;
  },
  async delivered({ phase }) {
    return ledgers.get(phase)?.delivered ?? 0;
  },
  async expect({ phase, count }) {
    ledgers.set(phase, new DeliveryLedger(count));
    return null;
  },
  receive: receivePhase,
  stored: () => opened().stored(),
  async close() {
    await endpoint?.close();
    endpoint = null;
    return null;
  },
};

/** Loads only what it needs: gossipsub's figures shall not carry sedge's modules. */
async function openEndpoint(options: ChildOptions<'open'>): Promise<Endpoint> {
  switch (options.kind) {
    case 'library':
      return (await import('./library-endpoint.ts')).openLibraryEndpoint(options);
    case 'client':
      return (await import('./client-endpoint.ts')).openClientEndpoint(options);
    case 'gossipsub':
      return (await import('./gossipsub-endpoint.ts')).openGossipsubEndpoint(options);
    case 'mqtt':
      return (await import('./mqtt-endpoint.ts')).openMqttEndpoint(options);
  }
}

function opened(): Endpoint {
  assert(endpoint !== null, 'a child is opened before it is used');
  return endpoint;
}

async function pump(batches: AsyncIterable<readonly Uint8Array[]>): Promise<void> {
  for await (const batch of batches) {
    const nowMs = monotonicMs();
    for (const payload of batch) {
      const stamp = readStamp(payload);
      if (stamp !== null) ledgers.get(stamp.phase)?.record(stamp.index, stamp.sentMs, nowMs);
    }
  }
}

async function receivePhase(options: ChildOptions<'receive'>): Promise<DeliveryReport> {
  const ledger = ledgers.get(options.phase);
  assert(ledger !== undefined, 'a phase is announced before it is received');
  const deadlineMs = monotonicMs() + options.timeoutMs;
  while (!ledger.isComplete && monotonicMs() < deadlineMs) await sleep(POLL_MS);
  await sleep(options.settleMs);
  return ledger.report();
}

async function answer(request: ChildRequest): Promise<ChildResponse> {
  try {
    const run = answers[request.command] as (options: unknown) => Promise<unknown>;
    return { id: request.id, ok: true, answer: await run(request.options) };
  } catch (error) {
    return {
      id: request.id,
      ok: false,
      error: error instanceof Error ? (error.stack ?? error.message) : String(error),
    };
  }
}

process.on('message', (request: ChildRequest) => {
  void answer(request).then((response) => process.send?.(response));
});
// The parent is gone: nobody would end this process otherwise. Its Ctrl-C is the parent's to handle.
process.on('disconnect', () => process.exit(0));
process.on('SIGINT', () => {});
