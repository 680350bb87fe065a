/** Fields of one payload that are looked at; more are left out. */
const FIELDS_MAX = 24;
const DEPTH_MAX = 4;

/**
 * The numbers in a payload, by field: a plain number has the field ''. JSON objects and arrays are walked, `a.b` names a
 * field in a field.
 * @param {string | null | undefined} text
 * @returns {Map<string, number>}
 */
export function numericFields(text) {
  const fields = new Map();
  const trimmed = text?.trim() ?? '';
  if (trimmed === '' || trimmed.length > 65_536) return fields;
  const plain = Number(trimmed);
  if (Number.isFinite(plain)) return fields.set('', plain);
  if (trimmed[0] !== '{' && trimmed[0] !== '[') {
    // A figure with its unit: 21.5 °C
    const figure = /^([+-]?\d+(?:\.\d+)?) ?[^\d\s]{1,8}$/.exec(trimmed)?.[1];
    return figure === undefined ? fields : fields.set('', Number(figure));
  }
  try {
    collect(JSON.parse(trimmed), '', fields, 0);
  } catch {
    // Not JSON, or cut off: there is nothing to plot.
  }
  return fields;
}

/**
 * The first number of a payload.
 * @param {string | null} text
 * @returns {number | null}
 */
export function firstNumber(text) {
  if (text === null || text.length > 256) return null;
  const [value] = numericFields(text).values();
  return value ?? null;
}

/**
 * @param {unknown} value
 * @param {string} path
 * @param {Map<string, number>} fields
 * @param {number} depth
 */
function collect(value, path, fields, depth) {
  if (fields.size >= FIELDS_MAX) return;
  if (typeof value === 'number' && Number.isFinite(value)) fields.set(path, value);
  else if (typeof value === 'boolean') fields.set(path, value ? 1 : 0);
  else if (typeof value === 'object' && value !== null && depth < DEPTH_MAX) {
    for (const [key, inner] of Object.entries(value)) {
      collect(inner, path === '' ? key : `${path}.${key}`, fields, depth + 1);
    }
  }
}
