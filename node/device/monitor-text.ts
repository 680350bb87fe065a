import type { MonitorEvent } from '../control/client/index.ts';

/**
 * An event of a serial port as a line: time, device or port, what happened. What a sketch printed stands in quotes behind
 * `says`, as anybody at the wire can write it.
 */
export function monitorText(event: MonitorEvent): string {
  const { atMs, port, device } = event;
  const time = new Date(atMs).toISOString().slice(11, 23);
  return plain(`${time}  ${device ?? port}  ${whatHappened(event)}`);
}

function whatHappened({ kind, atMs: _, port: __, device: ___, ...fields }: MonitorEvent): string {
  switch (kind) {
    case 'frame':
      return frameText(fields);
    case 'log':
      return `says ${JSON.stringify(fields.text)}${fields.level == null ? '' : ` (${fields.level})`}`;
    case 'record':
      return recordText(fields);
    case 'alarm':
      return `ALARM ${fields.cause}${fields.count === 1 ? '' : `, ${fields.count} times`}${idText(fields.deviceId)}`;
    case 'state': {
      const { state, ...rest } = fields;
      return `is ${state}${rest.cause == null ? '' : `: ${rest.cause}`}${restText(rest, ['cause'])}`;
    }
    case 'counted':
      return `counted${restText(fields.counters as Readonly<Record<string, unknown>>, [])}`;
    case 'left-out':
      return `${fields.count} events left out: more came than this terminal takes`;
    default:
      return `${kind}${restText(fields, [])}`;
  }
}

function frameText({
  from,
  type,
  seq,
  ack,
  bytes,
  again,
  notReady,
}: Readonly<Record<string, unknown>>): string {
  const arrow = from === 'device' ? '<-' : '->';
  const marks = `${again === true ? ', sent again' : ''}${notReady === true ? ', not ready' : ''}`;
  return `${arrow} ${type} seq ${seq} ack ${ack}, ${bytes} bytes${marks}`;
}

function recordText({ record, ...fields }: Readonly<Record<string, unknown>>): string {
  const { topic, value, epoch, counter, first, last, reason, status, command, again } = fields;
  switch (record) {
    case 'reading':
      return `${topic} ${value}  (number ${counter} of epoch ${epoch}${again === true ? ', known already' : ''})`;
    case 'gap':
      return `lost ${first} to ${last ?? 'an unknown number'} of epoch ${epoch}: ${reason}`;
    case 'result':
      return `result of command ${command}: ${status}`;
    default:
      return `${record}${restText(fields, [])}`;
  }
}

function idText(id: unknown): string {
  return typeof id === 'string' ? ` (${id})` : '';
}

/** Further fields as `name value`, as far as they say something. */
function restText(fields: Readonly<Record<string, unknown>>, told: readonly string[]): string {
  const parts = Object.entries(fields)
    .filter(([name, value]) => !told.includes(name) && value !== null && value !== undefined)
    .map(([name, value]) => `${name} ${typeof value === 'object' ? JSON.stringify(value) : value}`);
  return parts.length === 0 ? '' : `  ${parts.join(', ')}`;
}

/** A control character of a device must not reach the terminal. */
function plain(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, '\ufffd');
}
