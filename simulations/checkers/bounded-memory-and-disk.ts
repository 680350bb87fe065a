import { evidenceChecker } from './evidence-checker.ts';

/** Beside its records a disk has indexes, reserves, places of subscriptions, and up to 1 MiB of places of peers. */
const DISK_BYTES_FREE = 2 * 1024 * 1024;
const DISK_FACTOR = 1.35;
/** Of all records on a disk, those of entries that are not there a second time. */
const COPIES_FACTOR = 1.1;
const COPIES_BYTES_FREE = 512 * 1024;
/** Facts before an entry in a segment. */
const RECORD_HEAD_BYTES = 28;

/** A process with the simulator loaded; a node with its caches; an event of the history; an entry's place in an index. */
const HEAP_BYTES_FREE = 160 * 1024 * 1024;
const HEAP_BYTES_NODE = 3 * 1024 * 1024;
const HEAP_BYTES_EVENT = 700;
const HEAP_BYTES_ENTRY = 600;

/**
 * A disk takes little more than the entries on it, each of them once; and the process's heap, all nodes and the history
 * in it, stays within what that many nodes, events and entries may take, whatever was thrown at them.
 */
export const boundedMemoryAndDisk = evidenceChecker('bounded memory and disk', function* (evidence) {
  let entries = 0;
  for (const { name, disk } of evidence.nodes) {
    entries += disk.entries.size;
    if (disk.bytes > disk.recordBytes * DISK_FACTOR + DISK_BYTES_FREE)
      yield [name, `${name} takes ${disk.bytes} bytes of disk for ${disk.recordBytes} bytes of records`];
    const once = [...disk.entries].reduce((sum, { bytes }) => sum + bytes + RECORD_HEAD_BYTES, 0);
    if (disk.recordBytes > once * COPIES_FACTOR + COPIES_BYTES_FREE)
      yield [name, `${name} has ${disk.recordBytes} bytes of records for ${once} bytes of entries`];
  }
  const allowed =
    HEAP_BYTES_FREE +
    evidence.nodes.length * HEAP_BYTES_NODE +
    evidence.events.length * HEAP_BYTES_EVENT +
    entries * HEAP_BYTES_ENTRY;
  if (evidence.heapBytes > allowed)
    yield [
      null,
      `the heap takes ${evidence.heapBytes} bytes; ${evidence.nodes.length} nodes may take ${allowed}`,
    ];
});
