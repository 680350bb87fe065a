import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type BridgeMesh, MeshIntake } from '../../../firmware-bridge/host/bridge/mesh-intake.ts';
import { SedgeError, silentLog } from '../../../src/index.ts';

/** A mesh whose disk can be full; what it took, in order. */
function meshOf() {
  const taken: string[] = [];
  const mesh = {
    taken,
    fault: null as SedgeError | null,
    publish: (async (topic: string) => {
      await Promise.resolve();
      if (mesh.fault !== null) throw mesh.fault;
      taken.push(topic);
    }) as unknown as BridgeMesh['publish'],
  };
  return mesh;
}

const full = new SedgeError('journal.disk-full');

describe('the way into the mesh', () => {
  let mesh: ReturnType<typeof meshOf>;
  let rooms: boolean[];
  let intake: MeshIntake;

  beforeEach(() => {
    vi.useFakeTimers();
    mesh = meshOf();
    rooms = [];
    intake = new MeshIntake({ mesh, log: silentLog, onRoom: (hasRoom) => rooms.push(hasRoom) });
  });
  afterEach(() => {
    intake.stop();
    vi.useRealTimers();
  });

  const publish = (topic: string) => intake.publish(topic, 'x', {});
  const retry = () => vi.advanceTimersByTimeAsync(1_000);

  it('is open as long as the mesh takes everything', async () => {
    expect(await Promise.all(['a', 'b'].map(publish))).toEqual(['done', 'done']);
    expect(mesh.taken).toEqual(['a', 'b']);
    expect(rooms).toEqual([]);
  });

  it('keeps what a full disk does not take, says that there is no room, and brings it in order later', async () => {
    mesh.fault = full;
    const outcomes = Promise.all(['a', 'b', 'c'].map(publish));
    await vi.advanceTimersByTimeAsync(0);
    const later = publish('d');
    expect(rooms).toEqual([false]);
    expect(intake.hasRoom).toBe(false);
    await retry();
    await retry();
    expect(mesh.taken).toEqual([]);
    mesh.fault = null;
    await retry();
    expect(await outcomes).toEqual(['done', 'done', 'done']);
    expect(await later).toBe('done');
    expect(mesh.taken).toEqual(['a', 'b', 'c', 'd']);
    expect(rooms).toEqual([false, true]);
  });

  it('refuses for ever what no later attempt makes right', async () => {
    mesh.fault = new SedgeError('topic.wildcard');
    expect(await publish('a')).toBe('refused');
    mesh.fault = new SedgeError('entry.payload-too-large');
    expect(await publish('a')).toBe('refused');
    expect(rooms).toEqual([]);
  });

  it('does not call refused what waits behind it', async () => {
    mesh.fault = full;
    const first = publish('a');
    await vi.advanceTimersByTimeAsync(0);
    const second = publish('b');
    mesh.fault = new SedgeError('topic.wildcard');
    await retry();
    expect(await first).toBe('refused');
    expect(await second).toBe('refused');
    expect(intake.hasRoom).toBe(true);
  });

  it('tells only the newest of each state once there is room', async () => {
    mesh.fault = full;
    intake.tell('devices/a/status', '1');
    await vi.advanceTimersByTimeAsync(0);
    intake.tell('devices/a/status', '2');
    intake.tell('devices/b/status', '1');
    mesh.fault = null;
    await retry();
    await vi.advanceTimersByTimeAsync(0);
    expect(mesh.taken.sort()).toEqual(['devices/a/status', 'devices/b/status']);
  });

  it('leaves open what became of a message when the mesh or the bridge stops', async () => {
    mesh.fault = new SedgeError('mesh.not-started');
    expect(await publish('a')).toBe('stopped');
    mesh.fault = full;
    const waiting = publish('b');
    await vi.advanceTimersByTimeAsync(0);
    intake.stop();
    expect(await waiting).toBe('stopped');
    expect(await publish('c')).toBe('stopped');
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is not overtaken by what was handed over before it failed', async () => {
    const held: ((error: SedgeError | null) => void)[] = [];
    mesh.publish = ((topic: string) =>
      new Promise<void>((resolve, reject) => {
        held.push((error) => {
          if (error === null) mesh.taken.push(topic);
          if (error === null) resolve();
          else reject(error);
        });
      })) as unknown as BridgeMesh['publish'];
    const outcomes = ['a', 'b'].map(publish);
    held[0]!(full);
    await vi.advanceTimersByTimeAsync(0);
    outcomes.push(publish('c'));
    await retry();
    expect(held).toHaveLength(2);
    held[1]!(full);
    await retry();
    held[2]!(null);
    await vi.advanceTimersByTimeAsync(0);
    held[3]!(null);
    held[4]!(null);
    expect(await Promise.all(outcomes)).toEqual(['done', 'done', 'done']);
    expect(mesh.taken).toEqual(['a', 'b', 'c']);
  });
});
