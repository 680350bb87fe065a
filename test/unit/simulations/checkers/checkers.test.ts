import { describe, expect, it } from 'vitest';
import { CHECKERS } from '../../../../simulations/checkers/checker-list.ts';
import { messageKey } from '../../../../simulations/index.ts';
import { delivery, entryOf, type SoundEvidence, soundEvidence } from './sound-evidence.ts';

const KEY = `main ${'aa'.repeat(32)} 01`;

/** Changes what one node has. */
const at =
  (name: string, change: (node: SoundEvidence['nodes'][number]) => void) => (evidence: SoundEvidence) => {
    change(evidence.nodes.find((node) => node.name === name)!);
  };

const withoutDelivery = (node: string, seq: number) => (evidence: SoundEvidence) => {
  evidence.events = evidence.events.filter(
    (event) => !(event.event === 'delivery' && event.node === node && event.seq === seq),
  );
};

const add =
  (...events: SoundEvidence['events']) =>
  (evidence: SoundEvidence) => {
    evidence.events.push(...events);
  };

function found(checker: string, ...changes: ((evidence: SoundEvidence) => void)[]): string[] {
  const evidence = soundEvidence();
  for (const change of changes) change(evidence);
  const { examine } = CHECKERS.find(({ name }) => name === checker)!;
  return examine(evidence).map(({ sentence }) => sentence);
}

const dropEntry = (node: string, seq: number) =>
  at(node, ({ disk }) => {
    for (const entry of disk.entries) if (entry.seq === seq) disk.entries.delete(entry);
  });
const gap = (node: string, first: number, last: number) => ({
  ...delivery(node, 0),
  event: 'gap' as const,
  content: '',
  first,
  last,
});
/** The author's key wrote another entry 4 too, which `b` holds instead. */
const fork = (evidence: SoundEvidence) => {
  dropEntry('b', 4)(evidence);
  dropEntry('b', 5)(evidence);
  at('b', ({ disk }) => {
    const messages = [{ seq: 4, topic: 'site/temp', content: 'other 4' }];
    disk.entries.add(entryOf(4, { id: 'other', messages }));
  })(evidence);
};

describe('every checker', () => {
  it.each(CHECKERS)('is content with a run in which nothing went wrong: $name', ({ examine }) => {
    expect(examine(soundEvidence())).toEqual([]);
  });

  it('is content with a run that retention took a part of', () => {
    const evidence = soundEvidence();
    dropEntry('b', 1)(evidence);
    at('b', ({ disk }) => disk.letGo.set(KEY, [[1, 1]]))(evidence);
    expect(CHECKERS.flatMap(({ examine }) => examine(evidence))).toEqual([]);
  });
});

describe('nothing lost that somebody still holds', () => {
  const name = 'nothing lost that somebody still holds';

  it('finds an entry that one node lacks', () => {
    expect(found(name, dropEntry('b', 3))).toEqual(['b has not 3 of a in main, and a has it']);
  });

  it('does not hold a node to what nobody holds any more', () => {
    const wiped = { t: 9, event: 'wipe' as const, node: 'a' };
    expect(found(name, dropEntry('a', 3), dropEntry('b', 3), withoutDelivery('b', 3), add(wiped))).toEqual(
      [],
    );
  });

  it('finds what was acknowledged as durable and is on no disk any more', () => {
    const forgotten = at('a', ({ disk }) => disk.own.clear());
    expect(found(name, forgotten)[0]).toBe(
      'a acknowledged 1 in main as durable, and its disk has it no more',
    );
  });

  it('finds a message that an application never got', () => {
    expect(found(name, withoutDelivery('b', 5))).toEqual([
      'subscription 0 (site/#) at b never got 5 of a in main (site/temp)',
    ]);
  });

  it('counts what retention let go only with a gap that was reported', () => {
    const letGo = at('b', ({ disk }) => disk.letGo.set(KEY, [[2, 2]]));
    expect(found(name, dropEntry('b', 2), letGo, withoutDelivery('b', 2))).toHaveLength(1);
    expect(found(name, dropEntry('b', 2), letGo, withoutDelivery('b', 2), add(gap('b', 2, 2)))).toEqual([]);
  });

  it('finds what its author still has of a forked epoch and nobody else got', () => {
    const [violation] = found(name, fork, withoutDelivery('b', 5));
    expect(violation).toBe('subscription 0 (site/#) at b never got 5 of a in main (site/temp)');
  });
});

describe('no duplicate to an application', () => {
  const name = 'no duplicate to an application';

  it('finds a number that came twice', () => {
    const [violation] = found(name, add(delivery('b', 3)));
    expect(violation).toBe('subscription 0 (site/#) at b got 3 of a in main, epoch 01 twice');
  });

  it('finds a message that came again in another epoch', () => {
    const again = delivery('b', 1, { epoch: '02', content: 'message 3' });
    expect(found(name, add(again))).toEqual([
      'subscription 0 (site/#) at b got what it had as 3 of a in main, epoch 01 again as 1 of a in main, epoch 02',
    ]);
  });

  it('lets a message come twice that an application published twice', () => {
    const again = delivery('b', 6, { content: 'message 3' });
    const twice = (evidence: SoundEvidence) => evidence.attempted.set(messageKey(again), 2);
    expect(found(name, twice, add(again))).toEqual([]);
  });

  it('lets come again what a crash left unacknowledged', () => {
    const again = delivery('b', 3, { again: true });
    expect(found(name, add(again))).toEqual([]);
  });

  it('counts what came in place of an unacknowledged gap, and finds it if it comes twice', () => {
    const inPlaceOfGap = delivery('b', 3, { again: true });
    const changes = [withoutDelivery('b', 3), add(inPlaceOfGap)];
    expect(found(name, ...changes)).toEqual([]);
    expect(found(name, ...changes, add(delivery('b', 3)))).toHaveLength(2);
  });
});

describe('author order', () => {
  const name = 'author order';

  it('finds a lower number after a higher one', () => {
    expect(found(name, withoutDelivery('b', 2), add(delivery('b', 2)))).toEqual([
      'subscription 0 (site/#) at b got 2 of a in main, epoch 01 after 5',
    ]);
  });

  it('takes as late only what was in a reported gap', () => {
    const late = delivery('b', 2, { late: true });
    expect(found(name, withoutDelivery('b', 2), add(late))).toHaveLength(1);
    const reported = (evidence: SoundEvidence) => evidence.events.unshift(gap('b', 2, 2));
    expect(found(name, withoutDelivery('b', 2), withoutDelivery('b', 1), reported, add(late))).toEqual([]);
  });
});

describe('heads converge', () => {
  const name = 'heads converge';

  it('finds a node that did not come as far as another', () => {
    expect(found(name, dropEntry('b', 5))).toEqual([
      "b has a's log in main, epoch 01 through 4, a through 5",
    ]);
  });

  it('finds a node that says something else than what lies on its disk', () => {
    expect(
      found(
        name,
        at('b', (node) => node.saysLast.set(KEY, 4)),
      ),
    ).toEqual(["b says that it has a's log in main, epoch 01 through 4, and its disk has it through 5"]);
  });

  it('ends a forked epoch at its lowest contradiction, and finds who goes on behind it', () => {
    const [violation] = found(name, fork);
    expect(violation).toBe(
      "a says that it has a's log in main, epoch 01 through 5, and its disk has it through 3",
    );
  });

  it('does not compare nodes that cannot reach each other', () => {
    const apart = (evidence: SoundEvidence) => {
      evidence.groups = [['a'], ['b']];
    };
    expect(
      found(
        name,
        dropEntry('b', 5),
        at('b', (node) => node.saysLast.set(KEY, 4)),
        apart,
      ),
    ).toEqual([]);
  });
});

describe('no gap unreported', () => {
  const name = 'no gap unreported';

  it('finds a number that was passed over in silence', () => {
    expect(found(name, withoutDelivery('b', 3))).toEqual([
      'subscription 0 (site/#) at b was told nothing of 3 of a in main, before 4',
    ]);
  });

  it('finds a number passed over that no disk has', () => {
    expect(found(name, dropEntry('a', 3), dropEntry('b', 3), withoutDelivery('b', 3))).toHaveLength(1);
  });

  it('knows topics that were not asked for and numbers that were never used', () => {
    const other = entryOf(3, { messages: [{ seq: 3, topic: 'other', content: 'message 3' }] });
    const otherTopic = (evidence: SoundEvidence) => {
      for (const { disk } of evidence.nodes) disk.entries.add(other);
    };
    const both = [withoutDelivery('b', 3), dropEntry('a', 3), dropEntry('b', 3)];
    expect(found(name, ...both, otherTopic, withoutDelivery('a', 3))).toEqual([]);
    const unused = (evidence: SoundEvidence) => {
      for (const { disk } of evidence.nodes) disk.entries.add(entryOf(4, { id: 'with skip', skip: 1 }));
    };
    expect(
      found(name, ...both, dropEntry('a', 4), dropEntry('b', 4), unused, withoutDelivery('a', 3)),
    ).toEqual([]);
  });
});

describe('no number used twice', () => {
  const name = 'no number used twice';

  it('finds two entries for a number, and an entry that names another one before it', () => {
    expect(found(name, fork)).toEqual(['a forked its log in main, epoch 01, at 4']);
    const broken = at('b', ({ disk }) => {
      dropEntry('b', 5);
      disk.entries.add(entryOf(6, { prev: 'another' }));
    });
    expect(found(name, broken)).toEqual(['a forked its log in main, epoch 01, at 5']);
  });

  it('excuses an author whose disk was copied', () => {
    expect(found(name, fork, add({ t: 9, event: 'clone', node: 'c', peer: 'a' }))).toEqual([]);
    expect(found(name, fork, add({ t: 9, event: 'restore', node: 'a' }))).toEqual([]);
  });
});

describe('nothing unauthorised delivered', () => {
  const name = 'nothing unauthorised delivered';

  it('finds a message that no application published', () => {
    const forged = delivery('b', 6, { content: 'forged' });
    expect(found(name, add(forged))).toEqual([
      'b delivered 6 of a in main (site/temp), which no application gave to a',
    ]);
  });

  it('finds a message under another topic, or from an author without a place in the realm', () => {
    expect(found(name, add(delivery('b', 6, { content: 'message 5', topic: 'site/door' })))).toHaveLength(1);
    expect(found(name, add(delivery('b', 6, { author: 'mallory' })))).toHaveLength(1);
    const stranger = { t: 0, event: 'hostile' as const, node: 'mallory', detail: 'stranger' };
    expect(found(name, add(stranger, delivery('b', 6, { author: 'mallory' })))).toHaveLength(1);
    const member = { ...stranger, detail: 'member' };
    expect(found(name, add(member, delivery('b', 6, { author: 'mallory' })))).toEqual([]);
  });

  it('finds a delivery that differs from what its author signed', () => {
    expect(found(name, add(delivery('b', 5, { content: 'message 4' })))).toEqual([
      'b delivered 5 of a in main (site/temp), and its author signed something else there',
    ]);
  });
});

describe('bounded memory and disk', () => {
  const name = 'bounded memory and disk';

  it('finds a disk that takes much more than its records', () => {
    const bloated = at('b', ({ disk }) => {
      disk.bytes = 4_000_000;
    });
    expect(found(name, bloated)).toEqual(['b takes 4000000 bytes of disk for 1640 bytes of records']);
  });

  it('finds records that are there twice', () => {
    const doubled = at('b', ({ disk }) => {
      disk.recordBytes = 2_000_000;
    });
    expect(found(name, doubled)).toEqual(['b has 2000000 bytes of records for 1640 bytes of entries']);
  });

  it('finds a heap that grew out of proportion', () => {
    const grown = (evidence: SoundEvidence) => {
      evidence.heapBytes = 400_000_000;
    };
    expect(found(name, grown)).toHaveLength(1);
  });
});
