// Opens a mesh, publishes under ids from a number on, and tells on stdout what was acknowledged durable.
import { openMesh } from '../../../src/mesh/index.ts';

const [directory, peer, from] = process.argv.slice(2) as [string, string, string];
const mesh = await openMesh({ directory, listen: ['/ip4/127.0.0.1/tcp/0'], peers: [peer], mdns: false });
await mesh.start();
process.stdout.write('ready\n');
let n = Number(from);
const publish = async (): Promise<void> => {
  for (;;) {
    const id = n++;
    const { epoch, seq } = await mesh.publish('t', String(id), { id: { producer: 'p', n: id } });
    process.stdout.write(`${id} ${epoch} ${seq}\n`);
  }
};
await Promise.all(Array.from({ length: 8 }, publish));
