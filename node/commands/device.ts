import { InvalidArgumentError, Option } from 'commander';
import type { CommandContext } from '../cli/command-context.ts';
import { addExamples, type DefineCommand } from '../cli/command-definition.ts';
import type { ExitCode } from '../cli/exit-codes.ts';
import { durationSeconds, repeatable, wholeNumber } from '../cli/option-parsers.ts';
import { BOARDS } from '../device/board-tool.ts';
import type { AddCommandOptions, ProvisionCommandOptions } from '../device/change-devices.ts';
import type { FlashOptions } from '../device/flash-device.ts';
import type { SendCommandOptions } from '../device/send-command.ts';

/** How long `send` waits for a result unless it is told, seconds. */
const WAIT_SECONDS = 10;
const DAY_SECONDS = 86_400;

/** `sedge device`: devices on serial lines. A subcommand's work is loaded when it is called. */
export const define: DefineCommand = (command, run) => {
  addExamples(command, [
    ['sedge device ls', 'devices and ports'],
    ['sedge device provision /dev/ttyUSB0 --name uno-1', 'a new key for the board at that port'],
    ['sedge device monitor uno-1', 'what it says, as it says it'],
    ['sedge device send uno-1 relay true', 'a command, and what came of it'],
    ['sedge device flash uno-1 --hex firmware.hex', 'new firmware, with the tool of the board'],
  ]);
  const parts = [list, provision, add, remove, monitor, send, flash];
  for (const part of parts) part(command, run);
};

const list: DefineCommand = (command, run) => {
  const ls = command
    .command('ls')
    .description('devices, how they are, and ports with none or an unknown one; works without an agent')
    .action(run(async (context) => (await import('../device/list-devices.ts')).listDevices(context)));
  addExamples(ls, [
    ['sedge device ls', 'a line a device, then ports that need something'],
    ['sedge device ls --json', 'an object a device and a port, with all that is known'],
  ]);
};

const provision: DefineCommand = (command, run) => {
  const sub = command
    .command('provision')
    .description('give the device at a port a new key; works without an agent')
    .argument('<port>', 'serial port, or tcp://HOST:PORT');
  addTopicOptions(sub.option('--name <name>', 'name of the device, part of its topics (default: its id)'))
    .option('--signing-key <hex>', 'its Ed25519 public key: refuse what it did not sign', hexadecimal(64))
    .option('--baud <rate>', 'rate of the port (default: 115200)', wholeNumber(300, 4_000_000))
    .option('--force', 'also a device that has a key, if its sketch allows that')
    .action(
      run(async (context: CommandContext, port: string, options: ProvisionCommandOptions) =>
        (await import('../device/change-devices.ts')).provisionDevice(context, port, options),
      ),
    );
  addExamples(sub, [
    ['sedge device provision /dev/ttyUSB0', 'name: the id that it gets'],
    ['sedge device provision /dev/ttyACM0 --name uno-1', 'with a name of your own'],
    ['sedge device provision /dev/ttyUSB0 --name uno-2 --prefix barn', 'its topic temp becomes barn/temp'],
    ["sedge device provision /dev/ttyUSB0 --topics 'barn/#'", 'it may publish there alone'],
  ]);
};

const add: DefineCommand = (command, run) => {
  const sub = command
    .command('add')
    .description('take in a device that has its key already; works without an agent')
    .argument('<name>', 'name of the device, part of its topics')
    .option('--id <hex>', 'id of the device, 16 hexadecimal digits', hexadecimal(16))
    .option('--key-file <file>', 'file with its key: hexadecimal, base64 or 16 bytes; - for stdin')
    .option('--signing-key <hex>', 'its Ed25519 public key: refuse what it did not sign', hexadecimal(64));
  addTopicOptions(sub)
    .option('--accept-epoch', 'of a known device: let it come back with a lower epoch, once')
    .action(
      run(async (context: CommandContext, name: string, options: AddCommandOptions) =>
        (await import('../device/change-devices.ts')).addDevice(context, name, options),
      ),
    );
  addExamples(sub, [
    ['sedge device add uno-1 --id 5e09e00000000001 --key-file uno-1.key', 'its key is in a file'],
    ['pass uno-1 | sedge device add uno-1 --id 5e09e00000000001 --key-file -', 'its key comes on stdin'],
    ['sedge device add uno-1 --accept-epoch', 'its memory was erased, and you know why'],
  ]);
};

const remove: DefineCommand = (command, run) => {
  const sub = command
    .command('remove')
    .description('forget a device and its key; works without an agent')
    .argument('<device>', 'name or id')
    .action(
      run(async (context: CommandContext, device: string) =>
        (await import('../device/change-devices.ts')).removeDevice(context, device),
      ),
    );
  addExamples(sub, [['sedge device remove uno-1', 'nothing of it is taken any more']]);
};

const monitor: DefineCommand = (command, run) => {
  const sub = command
    .command('monitor')
    .description('show frames, records and text of devices as they come')
    .argument('[where]', 'name or id of a device, or a port (default: all)')
    .option('--counters', 'what was counted by cause, once')
    .action(
      run(
        async (context: CommandContext, where: string | undefined, { counters }: { counters?: boolean }) => {
          const { monitorDevices, printCounters } = await import('../device/monitor-devices.ts');
          await (counters === true ? printCounters(context, where) : monitorDevices(context, where));
        },
      ),
    );
  addExamples(sub, [
    ['sedge device monitor uno-1', 'until Ctrl-C'],
    ['sedge device monitor /dev/ttyUSB0 --json', 'an object an event'],
    ['sedge device monitor --counters', 'bad frames, refusals and alarms of all ports'],
  ]);
};

const send: DefineCommand = (command, run) => {
  const sub = command
    .command('send')
    .description('have a device do something, and wait for what came of it')
    .argument('<device>', 'name of the device, on whatever node it is', deviceName)
    .argument('<command>', 'name of the command', commandName)
    .argument('[args]', 'arguments as JSON or text (default: none)')
    .option(
      '--ttl <duration>',
      'not to be begun later (default: the wait)',
      durationSeconds(0.001, DAY_SECONDS),
    )
    .addOption(
      new Option('--wait <duration>', 'how long to wait for the result; 0 for not at all')
        .argParser(durationSeconds(0, DAY_SECONDS))
        .default(WAIT_SECONDS, '10s'),
    )
    .action(
      run(
        async (
          context: CommandContext,
          device: string,
          name: string,
          args: string | undefined,
          options: SendCommandOptions,
        ): Promise<ExitCode> => {
          const { sendCommand } = await import('../device/send-command.ts');
          return sendCommand(context, { device, command: name, args: args ?? '' }, options);
        },
      ),
    );
  addExamples(sub, [
    ['sedge device send uno-1 relay true', 'exit code 0 if it is done, 1 if not, 4 if no result came'],
    [`sedge device send uno-1 pulse '{"pin":7,"ms":200}' --wait 30s`, 'for what takes longer'],
    ['sedge device send uno-1 reboot --wait 0', 'without waiting'],
  ]);
};

const flash: DefineCommand = (command, run) => {
  const sub = command
    .command('flash')
    .description("write firmware with the board's own tool; the agent lets go of the port meanwhile")
    .argument('<where>', 'serial port, or name of a device')
    .argument('[tool...]', 'behind --: the tool of another board and its arguments, {port} for the port')
    .option('--hex <file>', 'firmware as Intel HEX, written with avrdude')
    .addOption(
      new Option('--board <board>', 'which board it is, for avrdude')
        .choices(BOARDS.map(({ name }) => name))
        .default('uno'),
    )
    .option('--dry-run', 'print the command and do nothing')
    .action(
      run(async (context: CommandContext, where: string, tool: readonly string[], options: FlashOptions) =>
        (await import('../device/flash-device.ts')).flashDevice(context, where, { ...options, tool }),
      ),
    );
  addExamples(sub, [
    ['sedge device flash /dev/ttyUSB0 --hex firmware.hex', 'an Arduino Uno'],
    ['sedge device flash uno-1 --hex firmware.hex --board nano-old', 'the port where that device is'],
    ['sedge device flash pico-1 -- arduino-cli upload -p {port} sketch', 'with a tool of your own'],
    ['sedge device flash /dev/ttyACM0 --hex firmware.hex --dry-run', 'only the command'],
  ]);
};

function addTopicOptions(sub: Parameters<DefineCommand>[0]): Parameters<DefineCommand>[0] {
  return sub
    .option('--prefix <topic>', 'put this before the topics of its readings')
    .addOption(
      new Option('--topics <filter>', 'topics that it may publish on; may be repeated').argParser(repeatable),
    );
}

function hexadecimal(digits: number): (text: string) => string {
  return (text) => {
    if (text.length === digits && /^[0-9a-f]+$/i.test(text)) return text.toLowerCase();
    throw new InvalidArgumentError(`It must be ${digits} hexadecimal digits.`);
  };
}

function deviceName(text: string): string {
  if (/^[A-Za-z0-9._-]{1,64}$/.test(text)) return text;
  throw new InvalidArgumentError('It must be the name or id of a device; "sedge device ls" shows them.');
}

function commandName(text: string): string {
  if (text !== '' && !/[/+#\0]/.test(text)) return text;
  throw new InvalidArgumentError('It must be the name of a command, without /, + and #.');
}
