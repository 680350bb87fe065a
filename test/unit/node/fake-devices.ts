import type {
  DeviceDraft,
  DeviceStatus,
  MonitorEvent,
  PortStatus,
  ProvisionOptions,
  ServedDevices,
} from '../../../node/control/served-devices.ts';
import type { SedgeError } from '../../../src/errors/index.ts';

/** A device with nothing special to it. */
export function sampleDevice(fields: Partial<DeviceStatus> = {}): DeviceStatus {
  return {
    id: '5e09e00000000001',
    name: 'uno-1',
    state: 'online',
    sinceMs: 1_000,
    port: '/dev/ttyUSB0',
    firmware: 3,
    epoch: 7,
    resetCause: 'power',
    readings: 1_042,
    duplicates: 0,
    refused: 0,
    lost: 0,
    alarms: 0,
    lastHeardMs: 2_000,
    topics: [{ id: 1, name: 'temp', type: 'float', unit: '°C' }],
    commands: ['relay'],
    waitingCommands: 0,
    prefix: null,
    topicsFilter: null,
    selfSigning: false,
    addedAtMs: 500,
    ...fields,
  };
}

/** A port with nothing special to it. */
export function samplePort(fields: Partial<PortStatus> = {}): PortStatus {
  return {
    path: '/dev/ttyUSB0',
    source: 'given',
    baudRate: 115_200,
    state: 'open',
    deviceId: '5e09e00000000001',
    device: 'uno-1',
    provisioned: true,
    problem: null,
    counters: {},
    ...fields,
  };
}

/** A bridge in memory: says what it was told to say, and remembers what it was asked. */
export class FakeDevices implements ServedDevices {
  deviceList: DeviceStatus[] = [];
  portList: PortStatus[] = [];
  readonly calls: unknown[][] = [];
  readonly watchers = new Set<FakeWatcher>();
  /** Thrown by the next call that changes something. */
  failure: SedgeError | null = null;

  async devices(): Promise<readonly DeviceStatus[]> {
    return this.deviceList;
  }

  async ports(): Promise<readonly PortStatus[]> {
    return this.portList;
  }

  async monitor(what: { readonly port?: string; readonly device?: string }): Promise<FakeWatcher> {
    this.#called('monitor', what);
    const watcher = new FakeWatcher(() => this.watchers.delete(watcher));
    this.watchers.add(watcher);
    return watcher;
  }

  /** Tells all who watch. */
  tell(event: MonitorEvent): void {
    for (const watcher of this.watchers) watcher.push(event);
  }

  async provision(port: string, options: ProvisionOptions): Promise<{ id: string; name: string }> {
    this.#called('provision', port, options);
    return { id: '5e09e00000000009', name: options.name ?? '5e09e00000000009' };
  }

  async add(draft: DeviceDraft): Promise<{ id: string; name: string }> {
    this.#called('add', draft);
    return { id: draft.id, name: draft.name ?? draft.id };
  }

  async remove(device: string): Promise<{ id: string; name: string }> {
    this.#called('remove', device);
    return { id: '5e09e00000000001', name: device };
  }

  async acceptEpoch(device: string): Promise<{ id: string; name: string }> {
    this.#called('acceptEpoch', device);
    return { id: '5e09e00000000001', name: device };
  }

  async release(port: string): Promise<void> {
    this.#called('release', port);
  }

  async reclaim(port: string): Promise<void> {
    this.#called('reclaim', port);
  }

  #called(...call: unknown[]): void {
    this.calls.push(call);
    const failure = this.failure;
    this.failure = null;
    if (failure !== null) throw failure;
  }
}

class FakeWatcher implements AsyncIterableIterator<MonitorEvent> {
  readonly #onEnd: () => void;
  readonly #events: MonitorEvent[] = [];
  #isEnded = false;
  #wake: () => void = () => {};

  constructor(onEnd: () => void) {
    this.#onEnd = onEnd;
  }

  push(event: MonitorEvent): void {
    this.#events.push(event);
    this.#wake();
  }

  async next(): Promise<IteratorResult<MonitorEvent>> {
    while (this.#events.length === 0 && !this.#isEnded) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    if (this.#isEnded) return { done: true, value: undefined };
    return { done: false, value: this.#events.shift()! };
  }

  async return(): Promise<IteratorResult<MonitorEvent>> {
    this.#isEnded = true;
    this.#onEnd();
    this.#wake();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
