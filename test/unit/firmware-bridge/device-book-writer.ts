import { DeviceBook, deviceIdOf } from '../../../firmware-bridge/host/devices/index.ts';
import { silentLog } from '../../../src/errors/index.ts';

/** Saves one epoch after the other and prints each that is durable, until it is killed. */
const [directory = '', id = '', key = ''] = process.argv.slice(2);
const book = await DeviceBook.open(directory, { log: silentLog, nowMs: () => 0 });
const device = deviceIdOf(id);
if (book.get(device) === null) await book.add({ id, name: 'uno-1', key: Buffer.from(key, 'base64') });
for (let epoch = book.get(device)!.epoch + 1; ; epoch++) {
  book.change(device, { epoch });
  await book.save(device);
  process.stdout.write(`${epoch}\n`);
}
