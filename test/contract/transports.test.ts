import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { MemoryTransport, makeTransport } from '../../firmware-bridge/host/transport/index.ts';
import { describeTransportContract, type TransportUnderTest } from './transport-contract.ts';

describeTransportContract('a line in memory', async () => {
  const [transport, device] = MemoryTransport.pair();
  const [nowhere, gone] = MemoryTransport.pair();
  gone.hangUp();
  const received: Uint8Array[] = [];
  await device.open({ onBytes: (bytes) => received.push(bytes), onClosed: () => {} });
  return {
    transport,
    nowhere,
    send: (bytes) => device.write(bytes),
    received: () => Buffer.concat(received),
    hangUp: () => device.hangUp(),
    dispose: () => device.close(),
  };
});

describeTransportContract('a port behind TCP', async (): Promise<TransportUnderTest> => {
  const received: Uint8Array[] = [];
  const sockets: Socket[] = [];
  // The other side may know of a connection before this one does.
  const { promise: accepted, resolve: accept } = Promise.withResolvers<Socket>();
  const server = createServer((socket) => {
    sockets.push(socket);
    accept(socket);
    socket.on('data', (bytes) => received.push(bytes));
    socket.on('error', () => {});
  });
  const closed = createServer().listen(0, '127.0.0.1');
  await once(closed, 'listening');
  const { port: closedPort } = closed.address() as AddressInfo;
  closed.close();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    transport: makeTransport({ kind: 'tcp', host: '127.0.0.1', port }),
    nowhere: makeTransport({ kind: 'tcp', host: '127.0.0.1', port: closedPort }),
    send: (bytes) => void accepted.then((socket) => socket.write(bytes)),
    received: () => Buffer.concat(received),
    hangUp: () => void accepted.then((socket) => socket.destroy()),
    async dispose() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
});
