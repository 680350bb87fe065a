import { readFileSync } from 'node:fs';

/**
 * Bytes that this process caused to be written to disks since its start, as Linux counts them (`write_bytes` of proc(5),
 * whole pages, less what was truncated before it went out); `null` elsewhere.
 */
export function processWrittenBytes(path = '/proc/self/io'): number | null {
  try {
    const text = readFileSync(path, 'utf8');
    const written = numberOf(text, 'write_bytes');
    return written === null ? null : Math.max(0, written - (numberOf(text, 'cancelled_write_bytes') ?? 0));
  } catch {
    return null;
  }
}

function numberOf(text: string, name: string): number | null {
  const found = new RegExp(`^${name}: (\\d+)$`, 'm').exec(text);
  return found === null ? null : Number(found[1]);
}
