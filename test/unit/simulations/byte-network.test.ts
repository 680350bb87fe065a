import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ByteHost, ByteNetwork } from '../../../simulations/world/byte-network.ts';
import { ModelLink } from '../../../simulations/world/model-link.ts';
import { SeededRandom } from '../../../simulations/world/seeded-random.ts';
import { VirtualClock } from '../../../simulations/world/virtual-clock.ts';
import type { LinkState } from '../../../simulations/world/virtual-network.ts';
import type { VirtualSocket } from '../../../src/index.ts';

const LATENCY_MS = 20;
/** A little longer: what arrives in the very moment comes after who waits for that moment. */
const ARRIVED_MS = LATENCY_MS + 1;
const ANSWERED_MS = 2 * LATENCY_MS + 1;
const random = new SeededRandom('bytes');
const never = new AbortController().signal;

/** A socket whose events are kept, with the time of each. */
class Recorded {
  readonly socket: VirtualSocket;
  readonly events: string[] = [];
  bytes = 0;

  constructor(socket: VirtualSocket) {
    this.socket = socket;
    socket.attach({
      onBytes: (bytes) => {
        this.bytes += bytes.length;
        this.#note(Buffer.from(bytes).toString());
      },
      onDrain: () => this.#note('drain'),
      onClosed: (how) => this.#note(how),
    });
  }

  say(text: string): boolean {
    return this.socket.write(Buffer.from(text));
  }

  #note(event: string): void {
    if (event.length < 100) this.events.push(`${performance.now()} ${event}`);
  }
}

describe('ByteNetwork', () => {
  let clock: VirtualClock;
  let links: Map<string, ModelLink>;
  let network: ByteNetwork;
  let a: ByteHost;
  let b: ByteHost;
  let near: Recorded;
  let far: Recorded;

  beforeEach(async () => {
    clock = new VirtualClock({ random: random.next });
    clock.install();
    links = new Map();
    network = new ByteNetwork(linkOf);
    a = network.host('a');
    b = network.host('b');
    b.listen((socket) => {
      far = new Recorded(socket);
    });
    near = new Recorded(await connect(a));
  });

  afterEach(async () => {
    network.stop();
    await clock.advance(1_000);
    expect(clock.armed).toBe(0);
    clock.uninstall();
  });

  function connect(host: ByteHost): Promise<VirtualSocket> {
    return clock.settle(host.connect('/memory/b', never));
  }

  function set(from: string, to: string, state: LinkState): void {
    linkOf(from, to).state = state;
  }

  function linkOf(from: string, to: string): ModelLink {
    const known = links.get(`${from} ${to}`);
    if (known !== undefined) return known;
    const link = new ModelLink(random.next);
    link.settings = { ...link.settings, latencyMs: LATENCY_MS };
    link.state = 'up';
    links.set(`${from} ${to}`, link);
    return link;
  }

  function setBoth(state: LinkState): void {
    set('a', 'b', state);
    set('b', 'a', state);
  }

  const pass = (ms: number) => clock.advance(ms);
  const startMs = 2 * LATENCY_MS;
  const at = (ms: number, event: string) => `${startMs + ms} ${event}`;

  it('connects within one round trip', () => {
    expect(performance.now()).toBe(startMs);
    expect(near.socket.remoteAddress).toBe('/memory/b');
    expect(far.socket.remoteAddress).toBe('/memory/a');
  });

  it('delays each write by the latency, not each by that of the ones before', async () => {
    for (let index = 0; index < 20; index++) {
      near.say(`${index}`);
      await pass(1);
    }
    await pass(ARRIVED_MS);
    expect(far.events).toEqual(Array.from({ length: 20 }, (_, index) => at(index + LATENCY_MS, `${index}`)));
  });

  it('hands out what was written in one moment in one piece', async () => {
    near.say('one ');
    near.say('two');
    await pass(ARRIVED_MS);
    expect(far.events).toEqual([at(LATENCY_MS, 'one two')]);
  });

  it('shares no memory between the ends', async () => {
    const bytes = Buffer.from('mine');
    near.socket.write(bytes);
    bytes.fill(0);
    await pass(ARRIVED_MS);
    expect(far.events).toEqual([at(LATENCY_MS, 'mine')]);
  });

  it('ends in order, behind what was written', async () => {
    near.say('last words');
    near.socket.end();
    await pass(ARRIVED_MS);
    expect(far.events).toEqual([at(LATENCY_MS, 'last words'), at(LATENCY_MS, 'end')]);
    expect(network.connections).toBe(0);
  });

  it('resets the peer behind what is under way', async () => {
    near.say('under way');
    near.socket.reset();
    await pass(ARRIVED_MS);
    expect(far.events).toEqual([at(LATENCY_MS, 'under way'), at(LATENCY_MS, 'reset')]);
  });

  it('asks a sender to wait while its peer does not read, and says when there is room', async () => {
    far.socket.pause();
    const piece = new Uint8Array(64 * 1024);
    let pieces = 0;
    do pieces++;
    while (near.socket.write(piece));
    expect(pieces).toBeLessThan(20);
    await pass(1_000);
    expect([far.bytes, near.events]).toEqual([0, []]);
    far.socket.resume();
    expect(far.bytes).toBe(pieces * piece.length);
    expect(near.events).toEqual([at(1_000, 'drain')]);
  });

  it('holds what a silent link swallows, and delivers it in order when that is over', async () => {
    set('a', 'b', 'silent');
    near.say('one ');
    far.say('the other way');
    await pass(5_000);
    near.say('two');
    set('a', 'b', 'up');
    await pass(ARRIVED_MS);
    expect(near.events).toEqual([at(LATENCY_MS, 'the other way')]);
    expect(far.events).toEqual([at(5_000 + LATENCY_MS, 'one '), at(5_000 + LATENCY_MS, 'two')]);
  });

  it('leaves the peer half open where a silent link swallows the reset, until it says something', async () => {
    setBoth('silent');
    near.socket.reset();
    setBoth('up');
    await pass(60_000);
    expect(far.events).toEqual([]);
    far.say('anybody there?');
    await pass(ANSWERED_MS);
    expect(far.events).toEqual([at(60_000 + 2 * LATENCY_MS, 'reset')]);
  });

  it('tells both ends of a cut at once, and loses what was under way', async () => {
    near.say('lost');
    setBoth('down');
    network.cut('a', 'b');
    await pass(1_000);
    expect([near.events, far.events]).toEqual([[at(0, 'reset')], [at(0, 'reset')]]);
    await expect(a.connect('/memory/b', never)).rejects.toThrow('no route');
  });

  it('tells the peers of a process that is killed', async () => {
    a.crash('no-process');
    await pass(ARRIVED_MS);
    expect(far.events).toEqual([at(LATENCY_MS, 'reset')]);
    await expect(a.connect('/memory/b', never)).rejects.toThrow('gone');
  });

  it('tells nobody of a power cut; the next life answers for the last', async () => {
    a.crash('no-power');
    far.say('anybody there?');
    await pass(10_000);
    expect(far.events).toEqual([]);
    network.host('a');
    far.say('and now?');
    await pass(ANSWERED_MS);
    expect(far.events).toEqual([at(10_000 + 2 * LATENCY_MS, 'reset')]);
  });

  it('refuses where nobody listens', async () => {
    const refused = expect(a.connect('/memory/nowhere', never)).rejects.toThrow('refused');
    await pass(ANSWERED_MS);
    await refused;
  });

  it('waits for a silent link or a machine without power until the caller gives up', async () => {
    b.crash('no-power');
    network.host('c').listen(() => {});
    linkOf('a', 'c').state = 'silent';
    for (const address of ['/memory/b', '/memory/c']) {
      const giveUp = new AbortController();
      const waiting = expect(a.connect(address, giveUp.signal)).rejects.toThrow('gave up');
      await pass(60_000);
      giveUp.abort(new Error('gave up'));
      await waiting;
    }
  });

  it('delivers nothing early or twice over clocks that count in fractions', async () => {
    linkOf('a', 'b').settings = { latencyMs: 0.7, jitterMs: 0.4, bytesPerSecond: 12_345 };
    for (let index = 0; index < 5; index++) {
      near.say('x');
      await pass(3);
    }
    expect(far.bytes).toBe(5);
  });
});
