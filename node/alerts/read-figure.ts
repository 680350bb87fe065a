/** Longest payload that is looked at: a figure is short. */
const PAYLOAD_BYTES_MAX = 65_536;

/** The number that a payload is, or that its JSON holds at `field` (`battery.volts`); `null` if there is none. */
export function readFigure(payload: Uint8Array, field: string | null): number | null {
  if (payload.length > PAYLOAD_BYTES_MAX) return null;
  const text = Buffer.from(payload.buffer, payload.byteOffset, payload.length).toString('utf8').trim();
  if (field === null) return numberOf(text);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  for (const key of field.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return null;
    value = (value as Record<string, unknown>)[key];
  }
  if (typeof value === 'string') return numberOf(value.trim());
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

function numberOf(text: string): number | null {
  return /^[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d{1,3})?$/.test(text) && Number.isFinite(Number(text))
    ? Number(text)
    : null;
}
