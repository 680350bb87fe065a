import { type CommandIo, chosenDirectory } from './cli/command-context.ts';
import { type CommandEntry, CommandLine } from './cli/command-line.ts';
import { errorReport } from './cli/error-report.ts';
import { EXIT, type ExitCode, exitCodeOf } from './cli/exit-codes.ts';
import { packageVersion } from './package-version.ts';

/** Every subcommand, in the order in which someone new meets them. A file of `commands/` each. */
export const COMMANDS: readonly CommandEntry[] = Object.freeze([
  {
    name: 'init',
    summary: 'make a new realm with this machine as its first node',
    load: () => import('./commands/init.ts'),
  },
  {
    name: 'invite',
    summary: 'print a token with which another machine joins',
    load: () => import('./commands/invite.ts'),
  },
  { name: 'join', summary: 'join a realm with a token', load: () => import('./commands/join.ts') },
  { name: 'revoke', summary: 'take the rights of a node away', load: () => import('./commands/revoke.ts') },
  {
    name: 'realm',
    summary: 'show the realm; back its root key up; declare channels',
    load: () => import('./commands/realm.ts'),
  },
  {
    name: 'config',
    summary: 'check sedge.yaml, and show what counts',
    load: () => import('./commands/config.ts'),
  },
  { name: 'start', summary: 'run the agent of this machine', load: () => import('./commands/start.ts') },
  { name: 'stop', summary: 'stop the agent', load: () => import('./commands/stop.ts') },
  {
    name: 'pub',
    summary: 'publish a message, a file, or each line of stdin',
    load: () => import('./commands/pub.ts'),
  },
  {
    name: 'sub',
    summary: 'print messages as they arrive, or from the journal',
    load: () => import('./commands/sub.ts'),
  },
  { name: 'mqtt', summary: 'the MQTT clients of this node', load: () => import('./commands/mqtt.ts') },
  {
    name: 'token',
    summary: 'who may use the HTTP API of this node',
    load: () => import('./commands/token.ts'),
  },
  {
    name: 'device',
    summary: 'devices on serial lines: keys, commands, firmware, what they say',
    load: () => import('./commands/device.ts'),
  },
  {
    name: 'export',
    summary: 'write what this node holds to a file or stick',
    load: () => import('./commands/export.ts'),
  },
  {
    name: 'import',
    summary: 'take in what another node exported',
    load: () => import('./commands/import.ts'),
  },
  { name: 'status', summary: 'the node at a glance', load: () => import('./commands/status.ts') },
  { name: 'top', summary: 'the figures of the node, live', load: () => import('./commands/top.ts') },
  {
    name: 'peers',
    summary: 'the peers and how far they are in step',
    load: () => import('./commands/peers.ts'),
  },
  {
    name: 'channels',
    summary: 'the channels as this node holds them',
    load: () => import('./commands/channels.ts'),
  },
  { name: 'logs', summary: 'the logs of all authors', load: () => import('./commands/logs.ts') },
  {
    name: 'gaps',
    summary: 'messages that are known to exist and are not held',
    load: () => import('./commands/gaps.ts'),
  },
  {
    name: 'forks',
    summary: 'keys that are used twice: clones, restored backups, thieves',
    load: () => import('./commands/forks.ts'),
  },
  {
    name: 'holders',
    summary: 'who holds a message, as far as this node can learn',
    load: () => import('./commands/holders.ts'),
  },
  {
    name: 'alerts',
    summary: 'what is wrong, at this node and others; acknowledge it',
    load: () => import('./commands/alerts.ts'),
  },
  {
    name: 'log',
    summary: 'how much the running agent logs, by part',
    load: () => import('./commands/log.ts'),
  },
  {
    name: 'doctor',
    summary: 'look for what is wrong and say what to do',
    load: () => import('./commands/doctor.ts'),
  },
  {
    name: 'service',
    summary: 'run the agent as a service of systemd, from boot on',
    load: () => import('./commands/service.ts'),
  },
  {
    name: 'verify',
    summary: 'check signatures and chains of the whole journal, offline',
    load: () => import('./commands/verify.ts'),
  },
  {
    name: 'demo',
    summary: 'four nodes, real sensor readings, crashes and cuts',
    load: () => import('./commands/demo.ts'),
  },
  {
    name: 'simulate',
    summary: 'play scenarios and your own contact traces on virtual time',
    load: () => import('./commands/simulate.ts'),
  },
]);

/**
 * Runs a command line to its end and resolves with the exit code. Errors go to stderr as sentences or, with
 * `--json`, as one object; no stack trace unless `SEDGE_DEBUG=1`.
 */
export async function runCli(argv: readonly string[], io: CommandIo = processIo()): Promise<ExitCode> {
  endQuietlyWithReader(io);
  try {
    return await new CommandLine({ version: packageVersion(), entries: COMMANDS, io }).run(argv);
  } catch (error) {
    if ((error as { code?: unknown }).code === 'EPIPE') return EXIT.done;
    const typed = directoryOption(argv);
    const report = {
      json: wantsJson(argv),
      node: { typed, directory: chosenDirectory(typed, io.env) },
      debug: io.env.SEDGE_DEBUG === '1',
    };
    io.stderr.write(errorReport(error, report));
    return exitCodeOf(error);
  }
}

function processIo(): CommandIo {
  const { stdout, stderr, env } = process;
  return {
    // A getter, as asking for it opens the stream: only commands that read it do.
    get stdin() {
      return process.stdin;
    },
    stdout,
    stderr,
    env,
    nowMs: Date.now,
  };
}

/** `sedge sub '#' | head -1`: the reader has seen enough, and that is no failure. */
function endQuietlyWithReader(io: CommandIo): void {
  io.stdout.on('error', (error: Error & { code?: string }) => {
    if (error.code === 'EPIPE') process.exit(EXIT.done);
  });
}

/** Errors of reading the line come before its options are known; what follows `--` is payload. */
function optionsOf(argv: readonly string[]): readonly string[] {
  const end = argv.indexOf('--');
  return end < 0 ? argv : argv.slice(0, end);
}

function wantsJson(argv: readonly string[]): boolean {
  return optionsOf(argv).includes('--json');
}

function directoryOption(argv: readonly string[]): string | undefined {
  const options = optionsOf(argv);
  const joined = options.findLast((word) => word.startsWith('--dir='));
  if (joined !== undefined) return joined.slice('--dir='.length);
  const at = options.lastIndexOf('--dir');
  return at < 0 ? undefined : options[at + 1];
}
