import { open, readFile, rename } from 'node:fs/promises';
import type { NodeId } from '../identity/index.ts';
import type { PeerSource } from './overlay.ts';
import type { AddressBook, AddressBookRow } from './overlay-options.ts';

/** Rows taken from a file; a longer one was not written by sedge. */
const ROWS_MAX = 4_096;
const ADDRESS_LENGTH_MAX = 512;
const SOURCES: ReadonlySet<unknown> = new Set<PeerSource>(['given', 'invitation', 'discovered', 'inbound']);

/**
 * An {@link AddressBook} in a JSON file, replaced whole and atomically. A file that is missing or damaged counts as
 * empty: what it holds makes the start faster, and the agent always starts.
 */
export function fileAddressBook(path: string): AddressBook {
  return {
    async load() {
      try {
        const rows: unknown = JSON.parse(await readFile(path, 'utf8'));
        return Array.isArray(rows) ? rows.slice(0, ROWS_MAX).flatMap(rowOf) : [];
      } catch {
        return [];
      }
    },
    async save(rows) {
      const next = `${path}.next`;
      const file = await open(next, 'w', 0o600);
      try {
        await file.writeFile(`${JSON.stringify(rows, null, 1)}\n`);
        await file.datasync();
      } finally {
        await file.close();
      }
      await rename(next, path);
    },
  };
}

/** The row, if it is one. */
function rowOf(value: unknown): AddressBookRow[] {
  if (typeof value !== 'object' || value === null) return [];
  const { node, addresses, source, lastConnectedMs } = value as Record<string, unknown>;
  if (node !== null && typeof node !== 'string') return [];
  if (!SOURCES.has(source) || !Array.isArray(addresses)) return [];
  const known = addresses.filter(
    (address): address is string => typeof address === 'string' && address.length <= ADDRESS_LENGTH_MAX,
  );
  if (known.length === 0) return [];
  return [
    {
      node: node as NodeId | null,
      addresses: known.slice(0, 8),
      source: source as PeerSource,
      lastConnectedMs: typeof lastConnectedMs === 'number' ? lastConnectedMs : null,
    },
  ];
}
