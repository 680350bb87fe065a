import { Option } from 'commander';
import { SedgeError } from '../../src/errors/index.ts';
import type { SubscribeFrom, SubscribeOptions } from '../../src/index.ts';
import type { CommandContext } from '../cli/command-context.ts';
import { addExamples, type DefineCommand } from '../cli/command-definition.ts';
import { deliveryText } from '../cli/delivery-text.ts';
import { EXIT, type ExitCode } from '../cli/exit-codes.ts';
import { durableName, durationSeconds, subscribeStart, wholeNumber } from '../cli/option-parsers.ts';
import type { AgentDelivery, AgentSubscription } from '../control/client/index.ts';

interface SubOptions {
  readonly from?: SubscribeFrom;
  readonly durable?: string;
  readonly count?: number;
  readonly wait?: number;
  readonly verbose?: boolean;
  readonly order?: 'author' | 'arrival';
}

/** Messages asked for at once: a terminal or a pipe gets them in one write. */
const BATCH_MESSAGES = 1_024;
const WAIT_SECONDS_MAX = 2_000_000;

/** `sedge sub`: prints messages. Payloads alone, unless more is asked for. */
export const define: DefineCommand = (command, run) => {
  command
    .argument('<filters...>', "topics; + is any level, # any further levels: 'site/+/temp' 'alarm/#'")
    .addOption(
      new Option(
        '--from <start>',
        'new, all, last (last value of each topic), a time (2026-11-21T10:00, or 2h, 3d ago), or an offset',
      ).argParser(subscribeStart(Date.now)),
    )
    .addOption(
      new Option(
        '--durable <name>',
        'go on where this subscriber left off; what is printed is acknowledged',
      ).argParser(durableName),
    )
    .option('--count <n>', 'end after so many messages', wholeNumber(1, 1e12))
    .option(
      '--wait <seconds>',
      'end after so long, with exit code 4',
      durationSeconds(0.001, WAIT_SECONDS_MAX),
    )
    .option('-v, --verbose', 'print the topic before each payload')
    .addOption(
      new Option('--order <order>', "each author's order, or as they arrive (for live views)").choices([
        'author',
        'arrival',
      ]),
    )
    .action(run(sub));
  addExamples(command, [
    ["sedge sub 'site/#'", 'payloads as they arrive'],
    ["sedge sub -v 'site/+/temp' 'alarm/#'", 'two filters, with topics'],
    ["sedge sub '#' --from all --json", 'everything that is held, as objects'],
    ["sedge sub 'site/#' --from 2h", 'what came in the last two hours, and what follows'],
    ["sedge sub 'alarm/#' --durable pager", 'never miss one, across restarts'],
    ['sedge sub site/ready --count 1 --wait 30', 'wait half a minute for one message'],
  ]);
};

async function sub(context: CommandContext, filters: string[], options: SubOptions): Promise<ExitCode> {
  const interruption = context.interruption();
  return context.withAgent(async (agent) => {
    const subscription = agent.subscribe(filters, subscribeOptions(options));
    const printing = new Printing(context, subscription, options);
    interruption.addEventListener('abort', () => printing.end('interrupted'), { once: true });
    const waitMs = options.wait === undefined ? null : options.wait * 1_000;
    const timer = waitMs === null ? null : setTimeout(() => printing.end('wait ran out'), waitMs);
    try {
      await printing.run();
    } finally {
      if (timer !== null) clearTimeout(timer);
    }
    if (printing.outcome !== 'wait ran out') return EXIT.done;
    throw new SedgeError('cli.wait-ran-out', { waitSeconds: options.wait ?? 0 });
  });
}

/** Prints a subscription until it is told to end or the count is reached. */
class Printing {
  readonly #context: CommandContext;
  readonly #subscription: AgentSubscription;
  readonly #options: SubOptions;
  #isWaiting = true;
  outcome: 'complete' | 'interrupted' | 'wait ran out' | null = null;

  constructor(context: CommandContext, subscription: AgentSubscription, options: SubOptions) {
    this.#context = context;
    this.#subscription = subscription;
    this.#options = options;
  }

  /** Ends at once while nothing is being printed, else after acknowledging that. */
  end(outcome: 'interrupted' | 'wait ran out'): void {
    this.outcome ??= outcome;
    if (this.#isWaiting) void this.#subscription.close();
  }

  async run(): Promise<void> {
    try {
      await this.#subscription.opened();
      await this.#printAll();
    } catch (error) {
      await this.#subscription.close();
      if (this.outcome === null) throw error;
    }
  }

  async #printAll(): Promise<void> {
    let left = this.#options.count ?? Number.POSITIVE_INFINITY;
    while (left > 0 && this.outcome === null) {
      this.#isWaiting = true;
      // Asking for more acknowledges what was printed: it is written out by now.
      const batch = await this.#subscription.nextBatch(Math.min(BATCH_MESSAGES, left));
      this.#isWaiting = false;
      if (batch.length === 0) return;
      left -= batch.filter((delivery) => delivery.kind === 'message').length;
      await this.#print(batch);
    }
    this.outcome ??= 'complete';
    await this.#subscription.finish();
  }

  async #print(batch: readonly AgentDelivery[]): Promise<void> {
    tellGaps(this.#context, batch);
    const text = deliveryText(batch, { json: this.#context.json, verbose: this.#options.verbose === true });
    if (text.length > 0) await this.#context.write(text);
  }
}

function tellGaps(context: CommandContext, batch: readonly AgentDelivery[]): void {
  for (const delivery of batch) {
    if (delivery.kind !== 'gap') continue;
    const { name, author, channel, first, last } = delivery;
    const numbers = first === last ? `number ${first} is` : `numbers ${first} to ${last} are`;
    context.note(`sedge: gap: ${numbers} missing so far, of ${name || author} in ${channel}`);
  }
}

function subscribeOptions({ from, durable, order }: SubOptions): SubscribeOptions {
  return {
    ...(from === undefined ? {} : { from }),
    ...(durable === undefined ? {} : { durable }),
    ...(order === undefined ? {} : { order }),
  };
}
