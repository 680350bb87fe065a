import { type ErrorCode, isSedgeError } from '../../src/errors/index.ts';

/**
 * Exit codes of every command. `docs/cli.md` prints this table.
 *
 * | code | meaning |
 * |---|---|
 * | 0 | done |
 * | 1 | failure: what was asked for did not happen, or `verify` or `doctor` found something bad |
 * | 2 | usage: the command line, or a trace or publish file that it names, cannot be understood |
 * | 3 | no agent runs in the directory |
 * | 4 | the time of `--wait` ran out |
 * | 5 | `import`: the bundle was truncated or altered; what was whole in it is imported |
 */
export const EXIT = Object.freeze({
  done: 0,
  failure: 1,
  usage: 2,
  noAgent: 3,
  waitRanOut: 4,
  incomplete: 5,
});

/** One of {@link EXIT}. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** What is wrong with what was typed, and with files that are part of it. */
const USAGE_CODES: ReadonlySet<ErrorCode> = new Set([
  'cli.usage',
  'simulation.bad-trace',
  'simulation.bad-publish-file',
  'simulation.unknown-scenario',
  'serial.bad-port',
  'device.bad-option',
]);

/** The exit code that an error ends a command with. */
export function exitCodeOf(error: unknown): ExitCode {
  if (isSedgeError(error) && USAGE_CODES.has(error.code)) return EXIT.usage;
  if (isSedgeError(error, 'agent.not-running')) return EXIT.noAgent;
  if (isSedgeError(error, 'cli.wait-ran-out') || isSedgeError(error, 'device.no-result'))
    return EXIT.waitRanOut;
  return EXIT.failure;
}
