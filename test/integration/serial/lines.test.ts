import { once } from 'node:events';
import { copyFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { SerialBridge } from '../../../firmware-bridge/host/index.ts';
import { silentLog } from '../../../src/index.ts';
import { describeWith } from '../../firmware/toolchain.ts';
import { numbers } from '../../unit/mesh/deliveries.ts';
import { BridgeWorld, until } from './bridge-world.ts';
import type { VirtualDevice } from './virtual-device.ts';

/** A serial server on the network, as ser2net is, with a device behind it. */
class SerialServer {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(device: VirtualDevice) {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => this.#sockets.delete(socket));
      socket.on('data', (bytes: Uint8Array) => device.send(bytes));
    });
    device.onBytes = (bytes) => {
      for (const socket of this.#sockets) socket.write(bytes);
    };
  }

  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `tcp://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  close(): void {
    this.cut();
    this.#server.close();
  }
}

describeWith(['gcc', 'make'], 'the bridge on lines of all kinds', () => {
  let world: BridgeWorld;
  const bridges: SerialBridge[] = [];
  beforeEach(async () => {
    world = await new BridgeWorld().start();
  });
  afterEach(async () => {
    await Promise.all(bridges.splice(0).map((bridge) => bridge.stop()));
    await world.stop();
  });

  /** A bridge over real ports. */
  async function bridgeOver(ports: readonly string[]): Promise<SerialBridge> {
    const bridge = new SerialBridge(
      { directory: world.folder, ports },
      { mesh: world.mesh, log: silentLog, nowMs: Date.now },
    );
    bridges.push(bridge);
    await bridge.start();
    return bridge;
  }

  it('serves a device behind a serial server, also after the network was cut', async () => {
    const device = world.device('uno-1');
    const server = new SerialServer(device);
    const port = await server.listen();
    const bridge = await bridgeOver([port]);
    await bridge.provision(port, { name: 'uno-1' });
    await world.waitFor(bridge, 'uno-1', 'online');
    device.read(...numbers(1, 20));
    await until(async () => (await world.values()).length === 20, 'they came');
    server.cut();
    device.read(...numbers(21, 40));
    await until(async () => (await world.values()).length === 40, 'it goes on');
    expect(await world.values()).toEqual(numbers(1, 40));
    expect(bridge.ports()[0]).toMatchObject({ path: port, baudRate: null, state: 'open' });
    server.close();
  });

  it('is back in under four seconds when a board is plugged in again', async () => {
    const pty = join(world.folder, 'port');
    const device = world.device('uno-1', { pty });
    await device.told(/^booted 0|^state/);
    const bridge = await bridgeOver([pty]);
    await bridge.provision(pty, { name: 'uno-1' });
    await world.waitFor(bridge, 'uno-1', 'online');
    device.read(...numbers(1, 10));
    await until(async () => (await world.values()).length === 10, 'they came');
    await device.kill();
    await world.waitFor(bridge, 'uno-1', 'offline');
    const again = world.device('uno-1', { pty });
    const pluggedMs = performance.now();
    again.read(11);
    await until(async () => (await world.values()).length === 11, 'it is heard again');
    expect(performance.now() - pluggedMs).toBeLessThan(4_000);
    expect(bridge.ports()[0]!.counters).toMatchObject({ opened: 2, ended: 1 });
  });

  it('says that a device fell silent, and that it is heard again', async () => {
    const pty = join(world.folder, 'port');
    const device = world.device('uno-1', { pty });
    await device.told(/^state/);
    const bridge = await bridgeOver([pty]);
    await bridge.provision(pty, { name: 'uno-1' });
    await world.waitFor(bridge, 'uno-1', 'online');
    device.signal('SIGSTOP');
    await world.waitFor(bridge, 'uno-1', 'silent');
    device.signal('SIGCONT');
    await world.waitFor(bridge, 'uno-1', 'online');
    device.read(1);
    await until(async () => (await world.values()).length === 1, 'it goes on');
    const states = (await world.bodies('devices/uno-1/status')).map(({ state }) => state);
    expect(states).toContain('silent');
    expect(states.at(-1)).toBe('online');
  });

  it('finds boards by itself, and opens no port that is no USB', async () => {
    const none = { byId: null, byPath: null, serialNumber: null, manufacturer: null, product: null };
    world.found = [
      { ...none, path: '/dev/ttyUSB0', vendorId: '1a86', productId: '7523' },
      { ...none, path: '/dev/ttyAMA0', vendorId: null, productId: null },
    ];
    const device = world.device('uno-1');
    world.board.plug('/dev/ttyUSB0', device);
    world.board.plug('/dev/ttyAMA0', world.device('uno-2'));
    const bridge = await world.bridge(['auto']);
    await bridge.provision('/dev/ttyUSB0', { name: 'uno-1' });
    await world.waitFor(bridge, 'uno-1', 'online');
    expect(bridge.ports()).toMatchObject([{ path: '/dev/ttyUSB0', source: 'auto', device: 'uno-1' }]);
    expect([...world.board.openings.keys()]).toEqual(['/dev/ttyUSB0']);
  });

  it('serves one of two that claim to be the same device from the start', async () => {
    const first = world.device('uno-1');
    world.board.plug('/dev/a', first);
    const alone = await world.bridge(['/dev/a']);
    await alone.provision('/dev/a', { name: 'uno-1' });
    await world.waitFor(alone, 'uno-1', 'online');
    await alone.stop();
    copyFileSync(join(world.folder, 'uno-1.nv'), join(world.folder, 'copy.nv'));
    for (const name of ['uno-1', 'copy']) {
      world.board.plug(name === 'copy' ? '/dev/b' : '/dev/a', world.device(name));
    }
    const bridge = await world.bridge(['/dev/a', '/dev/b']);
    await world.waitFor(bridge, 'uno-1', 'online');
    await until(
      () => bridge.ports().some(({ problem }) => problem?.code === 'device.claimed-twice'),
      'the other one is refused',
    );
    expect(bridge.ports().filter(({ problem }) => problem === null)).toHaveLength(1);
  });
});
