import { SerialBridge } from '../../../firmware-bridge/host/index.ts';
import { openMesh, silentLog } from '../../../src/index.ts';

/** A node with a bridge over one port, until it is killed: prints `ready` when its device is online. */
const [directory = '', port = '', name = ''] = process.argv.slice(2);
const mesh = await openMesh({ directory, listen: [], mdns: false, discovery: false, log: silentLog });
await mesh.start();
const bridge = new SerialBridge({ directory, ports: [port] }, { mesh, log: silentLog, nowMs: Date.now });
await bridge.start();
if (name !== '') await bridge.provision(port, { name });
process.stdout.write('ready\n');
process.on('SIGTERM', () => {
  void bridge
    .stop()
    .then(() => mesh.stop())
    .then(() => process.exit(0));
});
