/**
 * Run as a process of its own by `stop.test.ts`: two overlays meet, gossip, stream and stop. If anything is left
 * open, the process does not end.
 */
import { collect, connectPair, flows, TestOverlays } from '../../unit/overlay/test-overlays.ts';

const overlays = new TestOverlays();
const startMs = performance.now();
const a = await overlays.start({ mdns: true });
const startedMs = performance.now() - startMs;
const b = await overlays.start({ listen: ['/ip4/0.0.0.0/tcp/0', '/ip6/::/tcp/0'] });
collect(a, 'topic');
const atB = collect(b, 'topic');
b.handle('/sedge/echo/1', async (stream) => {
  for await (const frame of stream.frames) await stream.send(frame);
});
await connectPair(a, b);
await flows(a, atB, 'topic', 2_000);
const stream = await a.open(b.self, '/sedge/echo/1');
await stream.send(Buffer.from('left open'));
// A wish that is never fulfilled keeps a timer or a dial going until the stop.
a.want('/ip4/127.0.0.1/tcp/1', 'given');
a.want('/ip4/192.0.2.1/tcp/1', 'given');
await overlays.stop();
const stoppedMs = performance.now();
process.on('exit', () => {
  process.stdout.write(JSON.stringify({ startedMs, lingeredMs: performance.now() - stoppedMs }));
});
