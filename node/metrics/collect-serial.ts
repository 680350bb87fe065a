import type { DeviceStatus, PortStatus } from '../control/served-devices.ts';
import type { LabelBudget } from './label-budget.ts';
import type { MetricValues } from './metric-values.ts';

const PORT_STATES = Object.freeze(['open', 'opening', 'closed', 'released'] as const);

/** Serial ports and the devices at them. */
export function collectSerial(
  values: MetricValues,
  { devices, ports }: { readonly devices: readonly DeviceStatus[]; readonly ports: readonly PortStatus[] },
  budget: LabelBudget,
): void {
  for (const state of PORT_STATES) {
    const alike = ports.filter((port) => port.state === state);
    values.set('sedge_serial_ports', alike.length, { state });
  }
  const causeOf = budget.place('cause', new Set(ports.flatMap(({ counters }) => Object.keys(counters))));
  for (const { counters } of ports)
    for (const [cause, count] of Object.entries(counters))
      values.set('sedge_serial_events_total', count, { cause: causeOf(cause) });
  const labelOf = budget.place(
    'device',
    devices.map(({ name }) => name),
  );
  for (const { name, state, lastHeardMs, readings, duplicates, lost, refused } of devices) {
    const device = { device: labelOf(name) };
    const heard = lastHeardMs === null ? null : lastHeardMs / 1_000;
    values.set('sedge_device_up', state === 'online' ? 1 : 0, device);
    values.set('sedge_device_heard_timestamp_seconds', heard, device, 'min');
    values.set('sedge_device_readings_total', Math.max(0, readings - duplicates), device);
    values.set('sedge_device_lost_readings_total', lost, device);
    values.set('sedge_device_refused_readings_total', refused, device);
  }
}
