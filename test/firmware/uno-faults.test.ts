import { expect, it } from 'vitest';
import { SeededRandom } from '../../simulations/world/seeded-random.ts';
import { describeWith } from './toolchain.ts';
import { playFaultStory, SMALL_BUILD } from './uno/fault-story.ts';
import type { WireFaults } from './uno/faulty-wire.ts';
import { UnoRig } from './uno/uno-rig.ts';

/** Faults off, everything acknowledged; prints what came of it and holds it to: nothing lost or doubled in silence. */
function settleAndCheck(name: string, seed: string, rig: UnoRig) {
  const settled = rig.settle();
  const figures = rig.figures();
  console.info(JSON.stringify({ test: name, seed, ...figures }));
  expect({ settled, unreportedLost: figures.unreportedLost, duplicated: figures.duplicated }).toEqual({
    settled: true,
    unreportedLost: 0,
    duplicated: 0,
  });
  expect(figures.delivered + figures.reportedLost).toBe(figures.sent);
  return figures;
}

function startOnline(seed: string, options: Partial<ConstructorParameters<typeof UnoRig>[0]> = {}): UnoRig {
  const rig = new UnoRig({ seed, ...options }).start();
  expect(rig.untilOnline(5_000)).toBeLessThan(5_000);
  return rig;
}

describeWith(['avr-gcc'], 'a sealed sensor on an Uno, over a bad line', () => {
  const faults: [string, WireFaults][] = [
    ['no fault', {}],
    ['0.1% byte loss', { loss: 0.001 }],
    ['1% byte loss', { loss: 0.01 }],
    ['5% byte loss', { loss: 0.05 }],
    ['0.5% bit errors', { bitError: 0.005 }],
    ['bursts', { burst: 0.001, burstBytes: 60 }],
    ['bytes that nobody sent', { garbage: 0.005 }],
    ['all of it', { loss: 0.003, bitError: 0.003, burst: 0.0003, garbage: 0.002 }],
  ];
  it.each(faults)('delivers or reports every reading: %s', (name, fault) => {
    const seed = `line ${name}`;
    // Of frames of 31 bytes a fifth gets through where 5% of the bytes are lost.
    const rig = startOnline(seed, name === '5% byte loss' ? { defines: ['EVERY_MS=400'] } : {});
    rig.faults(fault);
    rig.runMs(8_000);
    const { sent, delivered } = settleAndCheck(name, seed, rig);
    expect(sent).toBeGreaterThan(15);
    expect(delivered).toBeGreaterThan(sent / 2);
  });

  it('recovers from floods of garbage at both ends', () => {
    const seed = 'floods';
    const rig = startOnline(seed);
    for (let flood = 0; flood < 5; flood++) {
      rig.line.flood(1_500);
      rig.runMs(1_500);
    }
    const { delivered, sent } = settleAndCheck('garbage floods', seed, rig);
    expect(delivered).toBeGreaterThan(sent / 2);
  });

  it('keeps the text that a sketch prints between its frames apart', () => {
    const seed = 'text';
    const rig = startOnline(seed);
    rig.set('chatty', true);
    rig.runMs(5_000);
    const { reportedLost } = settleAndCheck('printf between frames', seed, rig);
    expect(reportedLost).toBe(0);
    expect(rig.host.texts.length).toBeGreaterThan(100);
    expect([...new Set(rig.host.texts)]).toEqual(['the roof is open']);
  });
});

describeWith(['avr-gcc'], 'a sealed sensor on an Uno, whose host comes and goes', () => {
  it('reports what its buffer could not hold while the host was away', () => {
    const seed = 'away';
    const rig = startOnline(seed);
    rig.runMs(2_000);
    rig.close();
    rig.runMs(30_000);
    rig.open();
    const { reportedLost, delivered } = settleAndCheck('host away for 30 s', seed, rig);
    expect(reportedLost).toBeGreaterThan(400);
    expect(delivered).toBeGreaterThan(40);
    expect(new Set(rig.host.gapReasons())).toEqual(new Set(['buffer-full']));
  });

  it('loses nothing when the host is away for less than the buffer holds', () => {
    const seed = 'short';
    const rig = startOnline(seed);
    rig.runMs(2_000);
    rig.close();
    rig.runMs(500);
    rig.open();
    const { reportedLost } = settleAndCheck('host away for 0.5 s', seed, rig);
    expect(reportedLost).toBe(0);
  });

  it('goes on where it was when the agent died in the middle of it', () => {
    const seed = 'agent';
    const rig = startOnline(seed);
    for (let death = 0; death < 5; death++) {
      rig.runMs(700 + 31 * death);
      rig.restartHost();
      rig.runMs(20);
      rig.open(death % 2 === 1);
    }
    settleAndCheck('agent killed 5 times', seed, rig);
  });

  it('waits for a mesh that takes nothing for long', () => {
    const seed = 'stalled';
    const rig = startOnline(seed);
    rig.runMs(1_000);
    rig.host.stalled = true;
    const before = rig.line.sentByBoard;
    rig.runMs(20_000);
    // It asks twice a second, and does not send the same frames over and over.
    expect(rig.line.sentByBoard - before).toBeLessThan(6_000);
    rig.host.stalled = false;
    const { reportedLost } = settleAndCheck('host not ready for 20 s', seed, rig);
    expect(reportedLost).toBeGreaterThan(200);
  });

  it('holds while the host has no room', () => {
    const seed = 'no room';
    const rig = startOnline(seed);
    rig.runMs(1_000);
    rig.host.handle({ kind: 'room', hasRoom: false }, rig.line.nowMs);
    rig.runMs(10_000);
    rig.host.handle({ kind: 'room', hasRoom: true }, rig.line.nowMs);
    settleAndCheck('host without room for 10 s', seed, rig);
  });
});

describeWith(['avr-gcc'], 'a sealed sensor on an Uno that starts anew', () => {
  it('reports what a reset in the middle of a session lost', () => {
    const seed = 'resets';
    const rig = startOnline(seed);
    const random = new SeededRandom(seed);
    rig.faults({ loss: 0.002 });
    for (let turn = 0; turn < 8; turn++) {
      rig.runMs(200 + random.below(1_500));
      rig.reset(turn % 2 === 0 ? 'pin' : 'watchdog');
    }
    const { sent } = settleAndCheck('8 resets in mid-session', seed, rig);
    expect(sent).toBeGreaterThan(50);
  });

  it('reports what a power cut lost', () => {
    const seed = 'power';
    const rig = startOnline(seed);
    const random = new SeededRandom(seed);
    for (let turn = 0; turn < 6; turn++) {
      rig.runMs(300 + random.below(1_500));
      rig.powerOff();
      rig.runMs(100);
      rig.board.powerOn(turn % 3 === 2 ? 'kept' : 'random');
    }
    settleAndCheck('6 power cuts in mid-session', seed, rig);
  });

  it('never uses an epoch again, wherever in the EEPROM write of its start the power goes', () => {
    const seed = 'eeprom';
    const rig = startOnline(seed);
    rig.runMs(200);
    const epochs = [rig.told('epoch')];
    for (let cut = 0; cut < 50; cut++) {
      rig.powerOff();
      rig.board.powerOn();
      rig.runMs(cut * 0.6);
      rig.powerOff();
      rig.board.powerOn();
      if (cut % 5 !== 4) continue;
      expect(
        rig.line.runUntil(rig.line.nowMs + 3_000, () => rig.host.online?.epoch === rig.told('epoch')),
      ).toBe(true);
      rig.runMs(100);
      epochs.push(rig.told('epoch'));
    }
    expect(epochs).toEqual([...new Set(epochs)].sort((one, other) => one - other));
    expect(rig.host.alarms()).toEqual([]);
    settleAndCheck('50 power cuts in the EEPROM write', seed, rig);
  });

  it.each([
    ['by its reset pin', (rig: UnoRig) => rig.reset('pin')],
    ['by its watchdog', (rig: UnoRig) => rig.reset('watchdog')],
    [
      'by the host that opens its port',
      (rig: UnoRig) => {
        rig.close();
        rig.open(true);
      },
    ],
    [
      'after a replug',
      (rig: UnoRig) => {
        rig.powerOff();
        rig.close();
        rig.runMs(800);
        rig.board.powerOn();
        rig.open();
      },
    ],
  ])('is back in under 4 s behind a bootloader: %s', (name, start) => {
    const seed = `back ${name}`;
    const rig = startOnline(seed, { bootloaderMs: 1_000 });
    rig.runMs(1_000);
    start(rig);
    const from = rig.line.nowMs;
    const isBack = () => rig.host.online !== null && rig.host.onlineSince > from;
    expect(rig.line.runUntil(from + 4_000, isBack)).toBe(true);
    console.info(JSON.stringify({ test: `back ${name}`, seed, ms: Math.round(rig.line.nowMs - from) }));
    settleAndCheck(`back ${name}`, seed, rig);
  });
});

describeWith(['avr-gcc'], 'the smallest sealed sensor on an Uno', () => {
  it.each(['2'])('loses nothing in silence and doubles nothing, whatever happens: story %s', (seed) => {
    const { alarms, ...figures } = playFaultStory(`small ${seed}`, 15, { defines: SMALL_BUILD });
    console.info(JSON.stringify({ test: 'smallest build', seed, ...figures }));
    expect({ ...figures, alarms }).toMatchObject({
      settled: true,
      unreportedLost: 0,
      duplicated: 0,
      alarms: [],
    });
    expect(figures.delivered).toBeGreaterThan(20);
  });
});

describeWith(['avr-gcc'], 'a sealed sensor on an Uno, with somebody at the wire', () => {
  it('does nothing again for frames and HELLOs that were recorded and come again', () => {
    const seed = 'replay';
    const rig = new UnoRig({ seed });
    rig.line.record = { byHost: [], byBoard: [] };
    rig.start();
    expect(rig.untilOnline(5_000)).toBeLessThan(5_000);
    rig.host.command(
      { id: 7, name: 'double', args: Uint8Array.of(21), expiresAtMs: null, sentInEpoch: null },
      rig.line.nowMs,
    );
    rig.runMs(1_000);
    expect(rig.host.results().map(({ status, value }) => ({ status, value }))).toEqual([
      { status: 'done', value: '42' },
    ]);
    const { byHost, byBoard } = rig.line.record;
    rig.line.record = null;
    rig.line.inject('board', byHost);
    rig.runMs(3_000);
    rig.line.inject('host', byBoard);
    rig.runMs(3_000);
    rig.reset();
    rig.runMs(3_000);
    rig.line.inject('board', byHost);
    rig.line.inject('host', byBoard);
    rig.runMs(3_000);
    expect(rig.told('handled')).toBe(0);
    expect(rig.host.alarms().length).toBeGreaterThan(0);
    settleAndCheck('replayed HELLO and frames', seed, rig);
  });

  it('takes nothing from a host with another key, and everything is there once the key is right', () => {
    const seed = 'key';
    const rig = new UnoRig({ seed });
    const known = rig.book.get(rig.deviceId)!;
    rig.book.set(rig.deviceId, { ...known, key: new SeededRandom('other key').bytes(16) });
    rig.start();
    rig.runMs(8_000);
    expect(rig.host.online).toBeNull();
    expect(rig.host.alarms()).toContain('bad-tag');
    expect(rig.figures().delivered).toBe(0);
    rig.book.set(rig.deviceId, known);
    rig.host.handle({ kind: 'greet' }, rig.line.nowMs);
    settleAndCheck('wrong key', seed, rig);
  });
});
