import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type ByteHost, ByteNetwork } from '../../../simulations/world/byte-network.ts';
import type { VirtualSocket } from '../../../src/index.ts';
import { SteadyLinks } from '../../contract/steady-links.ts';

const LATENCY_MS = 20;
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
  let links: SteadyLinks;
  let network: ByteNetwork;
  let a: ByteHost;
  let b: ByteHost;
  let near: Recorded;
  let far: Recorded;

  beforeEach(async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'], now: 0 });
    links = new SteadyLinks(LATENCY_MS);
    network = new ByteNetwork(links);
    a = network.host('a');
    b = network.host('b');
    b.listen((socket) => {
      far = new Recorded(socket);
    });
    near = new Recorded(await connect(a));
  });

  afterEach(() => {
    network.stop();
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });

  async function connect(host: ByteHost): Promise<VirtualSocket> {
    const connecting = host.connect('/memory/b', never);
    await vi.advanceTimersByTimeAsync(2 * LATENCY_MS);
    return connecting;
  }

  const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
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
    await pass(LATENCY_MS);
    expect(far.events).toEqual(Array.from({ length: 20 }, (_, index) => at(index + LATENCY_MS, `${index}`)));
  });

  it('hands out what was written in one moment in one piece', async () => {
    near.say('one ');
    near.say('two');
    await pass(LATENCY_MS);
    expect(far.events).toEqual([at(LATENCY_MS, 'one two')]);
  });

  it('shares no memory between the ends', async () => {
    const bytes = Buffer.from('mine');
    near.socket.write(bytes);
    bytes.fill(0);
    await pass(LATENCY_MS);
    expect(far.events).toEqual([at(LATENCY_MS, 'mine')]);
  });

  it('ends in order, behind what was written', async () => {
    near.say('last words');
    near.socket.end();
    await pass(LATENCY_MS);
    expect(far.events).toEqual([at(LATENCY_MS, 'last words'), at(LATENCY_MS, 'end')]);
    expect(network.connections).toBe(0);
  });

  it('resets the peer behind what is under way', async () => {
    near.say('under way');
    near.socket.reset();
    await pass(LATENCY_MS);
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

  it('holds what a black hole swallows, and delivers it in order when that is over', async () => {
    links.setOneWay('a', 'b', 'black-hole');
    near.say('one ');
    far.say('the other way');
    await pass(5_000);
    near.say('two');
    links.setOneWay('a', 'b', 'open');
    await pass(LATENCY_MS);
    expect(near.events).toEqual([at(LATENCY_MS, 'the other way')]);
    expect(far.events).toEqual([at(5_000 + LATENCY_MS, 'one two')]);
  });

  it('leaves the peer half open where a black hole swallows the reset, until it says something', async () => {
    links.set('a', 'b', 'black-hole');
    near.socket.reset();
    links.set('a', 'b', 'open');
    await pass(60_000);
    expect(far.events).toEqual([]);
    far.say('anybody there?');
    await pass(2 * LATENCY_MS);
    expect(far.events).toEqual([at(60_000 + 2 * LATENCY_MS, 'reset')]);
  });

  it('tells both ends of a cut at once, and loses what was under way', async () => {
    near.say('lost');
    links.set('a', 'b', 'cut');
    await pass(1_000);
    expect([near.events, far.events]).toEqual([[at(0, 'reset')], [at(0, 'reset')]]);
    await expect(a.connect('/memory/b', never)).rejects.toThrow('no route');
  });

  it('tells the peers of a process that is killed', async () => {
    a.crash('no-process');
    await pass(LATENCY_MS);
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
    await pass(2 * LATENCY_MS);
    expect(far.events).toEqual([at(10_000 + 2 * LATENCY_MS, 'reset')]);
  });

  it('refuses where nobody listens', async () => {
    const refused = expect(a.connect('/memory/nowhere', never)).rejects.toThrow('refused');
    await pass(2 * LATENCY_MS);
    await refused;
  });

  it('waits for a black hole or a machine without power until the caller gives up', async () => {
    b.crash('no-power');
    network.host('c').listen(() => {});
    links.setOneWay('a', 'c', 'black-hole');
    for (const address of ['/memory/b', '/memory/c']) {
      const giveUp = new AbortController();
      const waiting = expect(a.connect(address, giveUp.signal)).rejects.toThrow('gave up');
      await pass(60_000);
      giveUp.abort(new Error('gave up'));
      await waiting;
    }
  });

  it('delivers nothing early or twice over clocks that count in fractions', async () => {
    links.send = () => 0.7;
    for (let index = 0; index < 5; index++) {
      near.say('x');
      await pass(3);
    }
    expect(far.bytes).toBe(5);
  });
});
