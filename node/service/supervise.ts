import type { Log } from '../../src/errors/index.ts';
import { formatCount, plural } from '../cli/human-figures.ts';
import { connectAgent } from '../control/client/index.ts';
import { ServiceManager } from './service-manager.ts';
import { Watchdog } from './watchdog.ts';

/** What the supervision looks at. */
export interface Supervised {
  readonly directory: string;
  /** Resolves when the disk has answered for all that is held by now. */
  readonly whenStored: () => Promise<void>;
  readonly log: Log;
}

/** A service manager that knows how the agent is. */
export interface Supervision {
  /** Before the agent stops. */
  stopping(): Promise<void>;
}

/**
 * Tells the service manager, if one started this process, that the agent is ready, and from now on that it gets on: its
 * disk has taken what it holds, and its control socket answers with its status.
 */
export async function supervise(
  env: Readonly<Record<string, string | undefined>>,
  { directory, whenStored, log }: Supervised,
): Promise<Supervision | null> {
  const manager = ServiceManager.of(env, log);
  if (manager === null) return null;
  const progress = async (): Promise<string> => {
    await whenStored();
    return statusSentence(directory);
  };
  await manager.notify('READY=1', `STATUS=${await statusSentence(directory)}`);
  const onAlive = (sentence: string) => manager.notify('WATCHDOG=1', `STATUS=${sentence}`);
  const { watchdogMs } = manager;
  const watchdog =
    watchdogMs === null ? null : new Watchdog({ withinMs: watchdogMs }, { progress, onAlive, log });
  watchdog?.start();
  return {
    stopping: async () => {
      watchdog?.stop();
      await manager.notify('STOPPING=1', 'STATUS=Writing down what is held.');
    },
  };
}

/** Asked over the control socket, as anybody would: whoever gets no answer there has no agent. */
async function statusSentence(directory: string): Promise<string> {
  const agent = connectAgent({ directory });
  try {
    const { name, realmName, peersConnected, channels, problems } = await agent.status();
    const held = channels.reduce((sum, { messages }) => sum + messages, 0);
    const state = problems.length === 0 ? '' : `; ${plural(problems.length, 'problem')}: see "sedge status"`;
    return `${name} in ${realmName}: ${plural(peersConnected, 'peer')} connected, ${formatCount(held)} messages held${state}`;
  } finally {
    await agent.close();
  }
}
