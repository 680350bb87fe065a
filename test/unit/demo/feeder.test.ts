import { describe, expect, it } from 'vitest';
import type { AgentClient, SendDone, SendOptions } from '../../../node/control/client/index.ts';
import { Feeder, type FeederDependencies } from '../../../node/demo/feeder.ts';

/** What the feeder sent, by connection. */
interface Sent {
  readonly topic: string;
  readonly payload: string;
  readonly n: number;
  readonly observed: string;
}

/** An agent that acknowledges every message, but breaks its first connections after so many messages each. */
function agentThatBreaksAfter(
  ...messages: number[]
): FeederDependencies & { readonly connections: Sent[][] } {
  const connections: Sent[][] = [];
  const connect = () => {
    const sent: Sent[] = [];
    connections.push(sent);
    const breaksAfter = messages.shift() ?? Number.POSITIVE_INFINITY;
    let isBroken = false;
    const waiting: SendDone[] = [];
    const failIfBroken = (): void => {
      if (isBroken) throw new Error('disconnected');
    };
    const publisher = {
      send(topic: string, payload: string, options: SendOptions, done: SendDone): boolean {
        failIfBroken();
        sent.push({ topic, payload, n: options.id?.n ?? -1, observed: options.headers?.observed ?? '' });
        waiting.push(done);
        if (sent.length < breaksAfter) return false;
        // The last three are on their way when it breaks: published, perhaps, but not acknowledged.
        isBroken = true;
        for (const one of waiting.splice(0, waiting.length - 3)) one(null, null);
        for (const one of waiting.splice(0)) one(new Error('disconnected') as never, null);
        return false;
      },
      async room(): Promise<void> {
        failIfBroken();
      },
      async close(): Promise<void> {
        failIfBroken();
        for (const one of waiting.splice(0)) one(null, null);
      },
    };
    const agent: unknown = { publisher: () => publisher, close: async () => {} };
    return agent as Pick<AgentClient, 'publisher' | 'close'>;
  };
  return { connect, connections };
}

function feederWith(dependencies: FeederDependencies, patienceMs = 10_000): Feeder {
  return new Feeder(
    { name: 'f', directory: '/none', stations: ['Gucheng'], readingsPerSecond: 1e9, patienceMs },
    dependencies,
  );
}

const NEVER = new AbortController().signal;

describe('a feeder', () => {
  it('publishes every reading of its stations under a running number', async () => {
    const agent = agentThatBreaksAfter();
    const feeder = feederWith(agent);
    await feeder.run(NEVER);
    const [sent = []] = agent.connections;
    expect(sent).toHaveLength(8_127);
    expect(sent.map((one) => one.n)).toEqual(sent.map((_, index) => index + 1));
    expect(sent[0]).toEqual({ topic: 'air/Gucheng/PM2.5', payload: '9', n: 1, observed: '2016-12-01T00+08' });
    expect(feeder.published.size).toBe(8_127);
    expect(feeder.isDone).toBe(true);
  });

  it('sends what was not acknowledged again under its old numbers, then goes on', async () => {
    const agent = agentThatBreaksAfter(100);
    const feeder = feederWith(agent);
    await feeder.run(NEVER);
    const [first = [], second = []] = agent.connections;
    expect(first).toHaveLength(100);
    expect(second.slice(0, 4).map((one) => one.n)).toEqual([98, 99, 100, 101]);
    expect(second.slice(0, 3)).toEqual(first.slice(97));
    expect(second.at(-1)?.n).toBe(8_127);
    expect(feeder.published.size).toBe(8_127);
    expect(feeder.retries).toBe(1);
  });

  it('survives a second break while it repeats', async () => {
    const agent = agentThatBreaksAfter(100, 2);
    const feeder = feederWith(agent);
    await feeder.run(NEVER);
    expect(
      agent.connections
        .at(2)
        ?.slice(0, 4)
        .map((one) => one.n),
    ).toEqual([98, 99, 100, 101]);
    expect(feeder.published.size).toBe(8_127);
  });

  it('gives up an agent that acknowledges nothing', async () => {
    const connect = () => {
      throw new Error('not running');
    };
    const feeder = feederWith({ connect }, 0);
    await expect(feeder.run(NEVER)).rejects.toThrow('not running');
  });

  it('ends when it is told to', async () => {
    const controller = new AbortController();
    const agent = agentThatBreaksAfter();
    const running = feederWith(agent).run(controller.signal);
    controller.abort(new Error('enough'));
    await expect(running).rejects.toThrow('enough');
  });
});
