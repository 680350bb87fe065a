import type {
  DeviceDraft,
  DeviceStatus,
  MonitorEvent,
  PortStatus,
  ProvisionOptions,
} from '../../firmware-bridge/host/index.ts';

export type { DeviceDraft, DeviceStatus, MonitorEvent, PortStatus, ProvisionOptions };

/** Id and name of a device. */
export interface DeviceName {
  readonly id: string;
  readonly name: string;
}

/** What the control socket needs of the serial bridge. */
export interface ServedDevices {
  devices(): Promise<readonly DeviceStatus[]>;
  ports(): Promise<readonly PortStatus[]>;
  /** What happens on one port, or on all. The iterator ends when it is returned, or with the agent. */
  monitor(what: { readonly port?: string; readonly device?: string }): Promise<AsyncIterable<MonitorEvent>>;
  /** Writes a new key into the device at a port and into the book. The key comes back to nobody. */
  provision(port: string, options: ProvisionOptions): Promise<DeviceName>;
  add(draft: DeviceDraft): Promise<DeviceName>;
  remove(device: string): Promise<DeviceName>;
  /** Takes the device's next epoch as it comes, also a lower one: its memory was erased. */
  acceptEpoch(device: string): Promise<DeviceName>;
  /** Lets go of a port until `reclaim`, or until the agent starts anew. */
  release(port: string): Promise<void>;
  reclaim(port: string): Promise<void>;
}
