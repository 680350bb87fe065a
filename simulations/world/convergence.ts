import type { LogStatus } from '../../src/index.ts';
import type { LinkBook } from './link-book.ts';
import type { SimulatedNode } from './simulated-node.ts';
import { Parts } from './topology.ts';

/** A log as its holders together know it. */
interface KnownLog {
  readonly channel: string;
  readonly name: string;
  readonly epoch: string;
  last: number;
  /** A node that holds it that far. */
  holder: string;
}

const SHOWN_MAX = 12;

/**
 * What the nodes of each group do not have in common, as sentences; empty where every one of them
 * has heard as far as any other of every log and waits for nothing. What retention let go is not waited for.
 */
export function differences(
  groups: readonly (readonly SimulatedNode[])[],
  nameOf: (author: string) => string,
): string[] {
  const found: string[] = [];
  for (const group of groups) {
    if (group.length < 2) continue;
    const logs = group.map((node) => ({ node, logs: new Map(node.logs().map((log) => [keyOf(log), log])) }));
    const known = new Map<string, KnownLog>();
    for (const { node, logs: held } of logs) {
      for (const [key, status] of held) {
        const { channel, author, epoch } = status;
        const last = lastThatCounts(status);
        // What nobody holds any more cannot be had.
        if (status.held === 0 || last === 0) continue;
        const log = known.get(key);
        if (log === undefined)
          known.set(key, { channel, name: nameOf(author), epoch, last, holder: node.name });
        else if (last > log.last) Object.assign(log, { last, holder: node.name });
      }
    }
    for (const { node, logs: held } of logs) {
      for (const [key, log] of known) {
        const own = held.get(key);
        const of = `${log.name}'s in ${log.channel}`;
        if (own === undefined)
          found.push(`${node.name} has nothing of ${of}, and ${log.holder} has it through ${log.last}`);
        else if (lastThatCounts(own) < log.last)
          found.push(
            `${node.name} has ${of} through ${lastThatCounts(own)}, and ${log.holder} through ${log.last}`,
          );
        else if (own.missing > 0) found.push(`${node.name} waits for ${own.missing} numbers of ${of}`);
      }
    }
  }
  return found.length <= SHOWN_MAX
    ? found
    : [...found.slice(0, SHOWN_MAX), `and ${found.length - SHOWN_MAX} more`];
}

/** Running nodes by what they can reach, directly or through each other. */
export function groupsOf(nodes: readonly SimulatedNode[], links: LinkBook): SimulatedNode[][] {
  const running = nodes.filter((node) => node.running);
  const places = new Map(running.map(({ name }, index) => [name, index]));
  const parts = new Parts(running.length);
  for (const [a, b] of links.pairs()) {
    const [at, bt] = [places.get(a), places.get(b)];
    if (at !== undefined && bt !== undefined && links.isOpen(a, b)) parts.join(at, bt);
  }
  const groups = new Map<number, SimulatedNode[]>();
  running.forEach((node, index) => {
    const part = parts.of(index);
    groups.set(part, [...(groups.get(part) ?? []), node]);
  });
  return [...groups.values()];
}

/** From the end of a forked epoch on nobody needs what another has. */
function lastThatCounts({ last, end }: LogStatus): number {
  return end === null ? last : Math.min(last, end - 1);
}

function keyOf({ channel, author, epoch }: { channel: string; author: string; epoch: string }): string {
  return `${channel} ${author} ${epoch}`;
}
