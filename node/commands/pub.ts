import { readFile } from 'node:fs/promises';
import { Option } from 'commander';
import { SedgeError } from '../../src/errors/index.ts';
import type { Acknowledgement, Published } from '../../src/index.ts';
import type { CommandContext } from '../cli/command-context.ts';
import { addExamples, type DefineCommand } from '../cli/command-definition.ts';
import type { ExitCode } from '../cli/exit-codes.ts';
import { plural } from '../cli/human-figures.ts';
import { acknowledgement, durationSeconds, namedValue, publishId } from '../cli/option-parsers.ts';
import { publishLines } from '../cli/publish-lines.ts';
import type { AcknowledgementWish } from '../control/acknowledgement-wish.ts';
import type { SendOptions } from '../control/client/index.ts';

interface PubOptions {
  readonly lines?: boolean;
  readonly stdin?: boolean;
  readonly file?: string;
  readonly ack: Acknowledgement;
  readonly ackTimeout?: number;
  readonly id?: { readonly producer: string; readonly n: number };
  readonly retain?: boolean;
  readonly ttl?: number;
  readonly header?: Readonly<Record<string, string>>;
  readonly contentType?: string;
  readonly key?: string;
}

/** Payloads are 1 MiB at most; a little more is read, so that the mesh can say that it is too much. */
const STDIN_BYTES_MAX = 1_048_577;

/** `sedge pub`: publishes through the running agent. */
export const define: DefineCommand = (command, run) => {
  command
    .argument('<topic>', 'topic to publish on')
    .argument('[payload]', 'the message; leave it out with -l, -s and -f')
    .option('-l, --lines', 'each line of stdin is a message')
    .option('-s, --stdin', 'all of stdin is one message')
    .option('-f, --file <file>', 'the content of a file is the message')
    .addOption(
      new Option(
        '--ack <when>',
        'be done when the message is accepted (in memory), durable (on the disk here) or on the disks of N other nodes (replicas:N)',
      )
        .argParser(acknowledgement)
        .default('durable'),
    )
    .option(
      '--ack-timeout <duration>',
      'how long to wait for replicas (default: 30s)',
      durationSeconds(0.001, 86_400),
    )
    .addOption(
      new Option(
        '--id <producer:n>',
        'publish id that makes a retry harmless; with -l n counts up',
      ).argParser(publishId),
    )
    .option('--retain', 'keep as the last value of its topic, in the sense of MQTT')
    .option('--ttl <duration>', 'lifetime: 30s, 10m, 2h, 3d', durationSeconds(1, 2 ** 32))
    .option('--header <name=value>', 'header; may be repeated', namedValue)
    .option('--content-type <type>', 'content type, such as application/json')
    .option('--key <key>', 'key of the message')
    .action(run(pub));
  addExamples(command, [
    ['sedge pub site/greenhouse/temp 21.5', 'one message'],
    ['sensor | sedge pub site/greenhouse/temp -l', 'each line that a program prints'],
    ['sedge pub site/door/photo -f photo.jpg --content-type image/jpeg', 'a file'],
    ['date | sedge pub site/clock -s', 'all of stdin'],
    ['sedge pub site/light on --retain', 'the last value, for those who come later'],
    ['sedge pub site/alarm fire --ack replicas:2', 'done when two other nodes have it on disk'],
    ['sedge pub meter/7 --id meter7:1042 8812', 'safe to repeat: it is kept once'],
  ]);
};

async function pub(
  context: CommandContext,
  topic: string,
  payload: string | undefined,
  options: PubOptions,
): Promise<ExitCode | undefined> {
  const sources = [payload !== undefined, options.lines, options.stdin, options.file !== undefined];
  if (sources.filter((given) => given === true).length !== 1) {
    throw new SedgeError('cli.usage', { reason: 'give one of PAYLOAD, -l, -s and -f FILE' });
  }
  if (options.lines === true) {
    return publishLines(context, { topic, ...wishOf(options), options: sendOptions(options) });
  }
  const message =
    payload ?? (options.stdin === true ? await readStdin(context) : await readPayload(options.file!));
  const published = await context.withAgent((agent) =>
    agent.publish(topic, message, { ...sendOptions(options), ...wishOf(options) }),
  );
  await report(context, published);
  return undefined;
}

async function report(context: CommandContext, published: Published): Promise<void> {
  const { author, channel, epoch, seq, timeMs, duplicate, replicas } = published;
  if (context.json) return context.record({ author, channel, epoch, seq, time: timeMs, duplicate, replicas });
  // Scripts want silence; a person wants to see that something happened.
  if (context.io.stderr.isTTY !== true) return;
  const held = replicas === undefined ? '' : `, on the disks of ${plural(replicas, 'other node')}`;
  context.note(
    `published as number ${seq} of ${channel}${duplicate ? ' before: this id is known' : ''}${held}`,
  );
}

function wishOf({ ack, ackTimeout }: PubOptions): AcknowledgementWish {
  return { ack, ...(ackTimeout === undefined ? {} : { replicasTimeoutMs: Math.round(ackTimeout * 1_000) }) };
}

function sendOptions({ id, retain, ttl, header, contentType, key }: PubOptions): SendOptions {
  return {
    ...(id === undefined ? {} : { id }),
    ...(retain === undefined ? {} : { retain }),
    ...(ttl === undefined ? {} : { ttlSeconds: Math.max(1, Math.round(ttl)) }),
    ...(header === undefined ? {} : { headers: header }),
    ...(contentType === undefined ? {} : { contentType }),
    ...(key === undefined ? {} : { key }),
  };
}

async function readPayload(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new SedgeError('cli.input', { file, reason }, { cause: error });
  }
}

async function readStdin(context: CommandContext): Promise<Uint8Array> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const chunk of context.io.stdin as AsyncIterable<Buffer>) {
    parts.push(chunk);
    size += chunk.length;
    if (size >= STDIN_BYTES_MAX) break;
  }
  return Buffer.concat(parts);
}
