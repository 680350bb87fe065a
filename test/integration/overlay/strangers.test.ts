import { createSocket } from 'node:dgram';
import { createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { Libp2pOverlay } from '../../../src/overlay/index.ts';
import {
  bytesOf,
  connectPair,
  isUp,
  MemoryAddressBook,
  TestOverlays,
  until,
} from '../../unit/overlay/test-overlays.ts';

describe('an overlay among others', () => {
  const overlays = new TestOverlays();

  afterEach(async () => {
    await overlays.stop();
  });

  function errorAt(overlay: Libp2pOverlay): string | null {
    return overlay.peers().find((peer) => peer.lastError !== null)?.lastError ?? null;
  }

  it('says that a peer belongs to another realm', async () => {
    const stranger = await overlays.start({ networkSecret: bytesOf('another secret') });
    for (let round = 0; round < 5; round++) {
      const a = await overlays.start();
      a.want(stranger.addresses()[0]!, 'given');
      await until(() => errorAt(a) !== null, 'the dial fails', 5_000);
      expect(errorAt(a)).toBe('overlay.wrong-network');
      await a.stop();
    }
  });

  it('says that another node answers than the address names', async () => {
    const a = await overlays.start();
    const b = await overlays.start();
    const c = overlays.make();
    a.want(b.addresses()[0]!.replace(b.self, c.self), 'given');
    await until(() => errorAt(a) !== null, 'the dial fails', 5_000);
    expect(errorAt(a)).toBe('overlay.wrong-peer');
  });

  it('says that nobody answers, and that what answers does not speak', async () => {
    const sockets: Socket[] = [];
    const mute = createServer((socket) => sockets.push(socket.on('error', () => {}))).listen(0, '127.0.0.1');
    await new Promise((resolve) => mute.once('listening', resolve));
    const { port } = mute.address() as { port: number };
    const a = await overlays.start();
    a.want(`/ip4/127.0.0.1/tcp/${port}`, 'given');
    await until(() => errorAt(a) !== null, 'the dial fails', 5_000);
    expect(errorAt(a)).toBe('overlay.no-route');
    await a.stop();
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => mute.close(resolve));
    const b = await overlays.start();
    b.want(`/ip4/127.0.0.1/tcp/${port}`, 'given');
    await until(() => errorAt(b) !== null, 'the dial fails', 5_000);
    expect(errorAt(b)).toBe('overlay.no-route');
  });

  it('says that a peer does not admit it', async () => {
    const a = await overlays.start();
    const b = await overlays.start({}, { admits: () => false });
    a.want(b.addresses()[0]!, 'given');
    await until(() => errorAt(a) === 'overlay.denied', 'the peer hangs up', 5_000);
  });

  it('says that the port to listen on is taken', async () => {
    const a = await overlays.start();
    const listen = a.addresses()[0]!.replace(/\/p2p\/.*/, '');
    const b = overlays.make({ listen: [listen] });
    await expect(b.start()).rejects.toMatchObject({ code: 'overlay.listen-failed' });
    await b.stop();
  });

  it('remembers the peers of an invitation and finds them again after a restart', async () => {
    const book = new MemoryAddressBook();
    const seed = bytesOf('remembers');
    const a = await overlays.start({ seed }, { addressBook: book });
    const b = await overlays.start();
    a.want(b.addresses()[0]!, 'invitation');
    await until(() => isUp(a, b), 'they are connected');
    await a.stop();
    expect(book.rows).toEqual([
      expect.objectContaining({ node: b.self, addresses: b.addresses(), source: 'invitation' }),
    ]);
    expect(book.saves).toBeLessThanOrEqual(2);
    const again = await overlays.start({ seed, discovery: false }, { addressBook: book });
    await until(() => isUp(again, b), 'they are connected again');
  });

  it('does not write its address book for a peer that comes and goes', async () => {
    const book = new MemoryAddressBook();
    const a = await overlays.start({}, { addressBook: book });
    const seed = bytesOf('comes and goes');
    for (let round = 0; round < 5; round++) {
      const b = await overlays.start({ seed });
      await connectPair(b, a);
      await b.stop();
      await until(() => !isUp(a, b), 'the loss is noticed');
    }
    await a.stop();
    expect(book.saves).toBe(0);
  });

  it('finds peers of its realm by mDNS, and no others', async ({ skip }) => {
    if (!(await hasMulticast())) skip('no multicast here');
    const listen = ['/ip4/0.0.0.0/tcp/0'];
    const a = await overlays.start({ mdns: true, listen });
    const b = await overlays.start({ mdns: true, listen });
    const other = await overlays.start({ mdns: true, listen, realmId: 'ffeeddccbbaa99887766554433221100' });
    const mute = await overlays.start({ mdns: true, listen, discovery: false });
    await until(() => isUp(a, b), 'they find each other', 15_000);
    await until(() => isUp(a, mute), 'one that does not search is found', 15_000);
    expect(mute.peers().every((peer) => peer.source === 'inbound')).toBe(true);
    expect(other.peers()).toEqual([]);
  });
});

/** True if a datagram to the mDNS group comes back on this machine. */
async function hasMulticast(): Promise<boolean> {
  const socket = createSocket({ type: 'udp4', reuseAddr: true });
  try {
    return await new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), 1_000);
      socket.on('error', () => resolve(false));
      socket.on('message', () => {
        clearTimeout(timer);
        resolve(true);
      });
      socket.bind(0, () => {
        socket.addMembership('224.0.0.251');
        socket.setMulticastLoopback(true);
        socket.send('sedge', socket.address().port, '224.0.0.251');
      });
    });
  } catch {
    return false;
  } finally {
    socket.close();
  }
}
