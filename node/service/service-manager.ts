import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Log } from '../../src/errors/index.ts';

const run = promisify(execFile);

/** systemd answers in milliseconds; on a machine that hangs, nobody waits for it. */
const NOTIFY_MS_MAX = 10_000;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The service manager that started this process (sd_notify(3)). Node opens no datagram sockets of the Unix kind, so
 * `systemd-notify` speaks for it: some milliseconds a message, and it waits until the manager has taken it, so that the
 * message counts as the service's. The unit needs `NotifyAccess=all` for that.
 */
export class ServiceManager {
  readonly #env: NodeJS.ProcessEnv;
  readonly #log: Log;
  #failed = false;
  /** How often it wants to hear `WATCHDOG=1`, in ms; `null` if it does not. */
  readonly watchdogMs: number | null;

  private constructor(env: Environment, log: Log) {
    const { NOTIFY_SOCKET, PATH } = env;
    this.#env = { NOTIFY_SOCKET, PATH };
    this.#log = log;
    this.watchdogMs = watchdogMs(env);
  }

  /** The one that the environment names; `null` if there is none. */
  static of(env: Environment, log: Log): ServiceManager | null {
    return env.NOTIFY_SOCKET ? new ServiceManager(env, log) : null;
  }

  /** Sends assignments, such as `READY=1` and `STATUS=…`; a failure is logged once, as nothing depends on it here. */
  async notify(...assignments: readonly string[]): Promise<void> {
    try {
      await run('systemd-notify', assignments, { env: this.#env, timeout: NOTIFY_MS_MAX });
      this.#failed = false;
    } catch (error) {
      if (!this.#failed) {
        const reason = error instanceof Error ? error.message : String(error);
        this.#log.warn({ reason }, 'the service manager cannot be told how the agent is');
      }
      this.#failed = true;
    }
  }
}

/** The manager names the process that it watches; one that only inherited the environment is not meant. */
function watchdogMs({ WATCHDOG_USEC, WATCHDOG_PID }: Environment): number | null {
  if (WATCHDOG_PID !== undefined && WATCHDOG_PID !== String(process.pid)) return null;
  const usec = Number(WATCHDOG_USEC);
  return Number.isSafeInteger(usec) && usec > 0 ? usec / 1_000 : null;
}
