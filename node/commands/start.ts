import { Option } from 'commander';
import type { Log } from '../../src/errors/index.ts';
import type { AgentReady } from '../agent/agent-parts.ts';
import type { Agent } from '../agent.ts';
import type { CommandContext } from '../cli/command-context.ts';
import { addExamples, type DefineCommand } from '../cli/command-definition.ts';
import { EXIT } from '../cli/exit-codes.ts';
import { repeatable, wholeNumber } from '../cli/option-parsers.ts';
import {
  type AgentSettings,
  resolveSettings,
  SERIAL_ACKS,
  SETTING_READERS,
  type SerialAck,
} from '../config/index.ts';
import { LOG_LEVELS, type LogLevel } from '../log/log-levels.ts';

interface StartOptions {
  readonly listen?: readonly string[];
  readonly peer?: readonly string[];
  readonly name?: string;
  readonly mdns: boolean;
  readonly discovery: boolean;
  readonly commitInterval?: number;
  readonly retention?: readonly string[];
  readonly storageMax?: string;
  readonly cardCycles?: number;
  readonly mqtt?: string;
  readonly mqttTls?: string;
  readonly mqttWebsocket?: string;
  readonly mqttWebsocketTls?: string;
  readonly mqttCert?: string;
  readonly mqttCa?: string;
  readonly mqttKey?: string;
  readonly mqttAck?: string;
  readonly mqttAnonymous?: boolean;
  readonly http?: string;
  readonly httpTls?: string;
  readonly httpCert?: string;
  readonly httpKey?: string;
  readonly httpInsecure?: boolean;
  readonly httpLocal?: string;
  readonly httpHost?: readonly string[];
  readonly httpOrigin?: readonly string[];
  readonly serial?: readonly string[];
  readonly serialAck?: SerialAck;
  readonly bridges?: string;
  readonly alerts?: string;
  readonly alertWebhook?: string;
  readonly logLevel?: LogLevel;
  readonly logLevels?: readonly string[];
}

/** `sedge start`: runs the agent until it is told to stop. */
export const define: DefineCommand = (command, run) => {
  command
    .addOption(
      new Option(
        '--listen <multiaddr>',
        'address to listen on; may be repeated (env: SEDGE_LISTEN)',
      ).argParser(repeatable),
    )
    .addOption(
      new Option('--peer <multiaddr>', 'peer to keep connected; may be repeated (env: SEDGE_PEER)').argParser(
        repeatable,
      ),
    )
    .option('--name <name>', 'name of this node (env: SEDGE_NAME)')
    .option('--no-mdns', 'do not look for peers on the local network (env: SEDGE_MDNS=0)')
    .option('--no-discovery', 'connect to given peers only (env: SEDGE_DISCOVERY=0)')
    .option(
      '--commit-interval <ms>',
      'group writes to the disk over so many ms (env: SEDGE_COMMIT_INTERVAL_MS)',
      wholeNumber(0, 60_000),
    )
    .addOption(
      new Option(
        '--retention <channel=keep>',
        'what to keep of a channel, such as main=7d,2GB; may be repeated (env: SEDGE_RETENTION)',
      ).argParser(repeatable),
    )
    .option(
      '--storage-max <size>',
      'what all channels together may take, such as 10GB, or none (env: SEDGE_STORAGE_MAX)',
    )
    .option(
      '--card-cycles <n>',
      'how often each cell of the card can be written; 1,000 by default (env: SEDGE_CARD_CYCLES)',
      wholeNumber(100, 1_000_000),
    )
    .option(
      '--mqtt <[host:]port|off>',
      'where MQTT clients connect; 127.0.0.1:1883 by default, if that is free (env: SEDGE_MQTT)',
    )
    .option('--mqtt-tls <[host:]port|off>', 'the same over TLS (env: SEDGE_MQTT_TLS)')
    .option('--mqtt-cert <file>', 'certificate for that with its chain, PEM (env: SEDGE_MQTT_CERT)')
    .option('--mqtt-key <file>', 'its key, PEM (env: SEDGE_MQTT_KEY)')
    .option(
      '--mqtt-ca <file>',
      'who signs the certificates that its clients must have, PEM (env: SEDGE_MQTT_CA)',
    )
    .option('--mqtt-websocket <[host:]port|off>', 'the same over WebSocket (env: SEDGE_MQTT_WEBSOCKET)')
    .option('--mqtt-websocket-tls <[host:]port|off>', 'over both (env: SEDGE_MQTT_WEBSOCKET_TLS)')
    .option(
      '--mqtt-ack <when>',
      'when QoS 1 and 2 are acknowledged: durable, accepted or replicas:N (env: SEDGE_MQTT_ACK)',
    )
    .option(
      '--mqtt-anonymous',
      'let anybody use MQTT on an address that other machines reach (env: SEDGE_MQTT_ANONYMOUS=1)',
    )
    .option(
      '--http <[host:]port|off>',
      'where the HTTP API listens; 127.0.0.1:8420 by default, if that is free (env: SEDGE_HTTP)',
    )
    .option('--http-tls <[host:]port|off>', 'the same over TLS (env: SEDGE_HTTP_TLS)')
    .option('--http-cert <file>', 'certificate for that with its chain, PEM (env: SEDGE_HTTP_CERT)')
    .option('--http-key <file>', 'its key, PEM (env: SEDGE_HTTP_KEY)')
    .option(
      '--http-insecure',
      'let --http be an address that other machines reach, without TLS (env: SEDGE_HTTP_INSECURE=1)',
    )
    .option(
      '--http-local <rights>',
      'what programs on this machine may do without a token: publish, read or none (env: SEDGE_HTTP_LOCAL)',
    )
    .addOption(
      new Option(
        '--http-host <name>',
        'name under which the HTTP API is reached; may be repeated (env: SEDGE_HTTP_HOST)',
      ).argParser(repeatable),
    )
    .addOption(
      new Option(
        '--http-origin <origin>',
        'web pages that may use the HTTP API from elsewhere; may be repeated (env: SEDGE_HTTP_ORIGIN)',
      ).argParser(repeatable),
    )
    .addOption(
      new Option(
        '--serial <port[:baud]>',
        'serial port with a device, tcp://HOST:PORT, or auto; may be repeated (env: SEDGE_SERIAL)',
      ).argParser(repeatable),
    )
    .addOption(
      new Option(
        '--serial-ack <when>',
        'when a device may forget a reading: durable (on the disk here) or accepted (env: SEDGE_SERIAL_ACK)',
      ).choices([...SERIAL_ACKS]),
    )
    .option('--bridges <json>', 'bridges to outside MQTT brokers, a list in JSON (env: SEDGE_BRIDGES)')
    .option('--alerts <json|off>', 'rules for alerts, a list in JSON (env: SEDGE_ALERTS)')
    .option('--alert-webhook <url>', 'where alerts are posted to (env: SEDGE_ALERT_WEBHOOK)')
    .addOption(
      new Option('--log-level <level>', 'least level to log (env: SEDGE_LOG_LEVEL)').choices([...LOG_LEVELS]),
    )
    .addOption(
      new Option(
        '--log-levels <part=level>',
        'the same of a part, such as sync=debug; may be repeated (env: SEDGE_LOG_LEVELS)',
      ).argParser(repeatable),
    )
    .addHelpText(
      'after',
      '\nThe same settings may stand in sedge.yaml in the directory ("sedge config example" prints one). The command\nline comes before the environment, that before the file; "sedge config show" tells what counts.',
    )
    .action(run(start));
  addExamples(command, [
    ['sedge start', 'listen on port 7600 and find peers on the local network'],
    ['sedge start --listen /ip4/0.0.0.0/tcp/7700', 'listen on another port'],
    ['sedge start --peer /dns4/hub.example/tcp/7600', 'keep a link to a far node'],
    ['sedge start --no-discovery --peer /ip4/10.0.0.5/tcp/7600', 'talk to that node alone'],
    ['sedge start --retention main=7d,2GB --storage-max 10GB', 'keep a week of main, and 10 GB in all'],
    ['sedge start --mqtt 192.168.1.5:1883', 'let MQTT clients of other machines in: they need users'],
    ['sedge start --serial auto', 'take in what devices on USB ports measure'],
    ['sedge start --serial /dev/ttyUSB0:57600', 'one port, at another rate'],
    ['sedge --dir /var/lib/sedge start --json', 'as a service: a ready line on stdout, JSON logs on stderr'],
  ]);
};

async function start(context: CommandContext, options: StartOptions): Promise<void> {
  const { io, directory } = context;
  const interruption = context.interruption();
  const settings = await resolveSettings(directory, settingsOf(options), io.env);
  const { limitYoungGeneration } = await import('../young-generation.ts');
  limitYoungGeneration();
  const [{ Agent }, { AgentLog, isJournald }, { packageVersion }, { releaseStartMemory }] = await Promise.all(
    [
      import('../agent.ts'),
      import('../log/index.ts'),
      import('../package-version.ts'),
      import('../start-memory.ts'),
    ],
  );
  const { logLevel: level = 'info', logLevels: levels = {} } = settings;
  const format = io.stderr.isTTY === true ? 'terminal' : isJournald(io.env) ? 'journald' : 'json';
  const log = new AgentLog({ level, levels, format }, io.stderr);
  endOnBug(log);
  const agent = new Agent({
    directory,
    settings,
    version: packageVersion(),
    log,
    logLevels: log,
    nowMs: io.nowMs,
  });
  const ready = await agent.start();
  if (context.json) await context.record({ event: 'ready', ...ready });
  else await context.write(readyText(ready, directory));
  releaseStartMemory();
  const supervision = await superviseIfAsked(agent, context, log);
  await Promise.race([agent.stopAsked, aborted(interruption)]);
  await supervision?.stopping();
  await agent.stop();
}

/** Under a service manager only, which names its socket. */
async function superviseIfAsked(agent: Agent, { io, directory }: CommandContext, log: Log) {
  if (!io.env.NOTIFY_SOCKET) return null;
  const { supervise } = await import('../service/supervise.ts');
  return supervise(io.env, { directory, log, whenStored: () => agent.whenStored() });
}

/** A bug crashes, as what the program knows is no longer sure; the journal is made for that. */
function endOnBug(log: Log): void {
  process.on('uncaughtException', (error) => {
    log.error({ reason: error.message, stack: error.stack ?? '' }, 'a bug ended the agent; please report it');
    process.exit(EXIT.failure);
  });
}

function settingsOf(options: StartOptions): AgentSettings {
  const { listen, peer, name, commitInterval, retention, storageMax } = options;
  const { serial, serialAck, logLevel } = options;
  const { mqtt, mqttTls, mqttWebsocket, mqttWebsocketTls } = options;
  const { mqttCert, mqttKey, mqttCa, mqttAck, mqttAnonymous } = options;
  return {
    ...(listen === undefined ? {} : { listen }),
    ...(peer === undefined ? {} : { peers: peer }),
    ...(name === undefined ? {} : { name }),
    ...(commitInterval === undefined ? {} : { commitIntervalMs: commitInterval }),
    // Read and checked as what the file says.
    ...(retention === undefined ? {} : { retention: retention as never }),
    ...(storageMax === undefined ? {} : { storageMax: storageMax as never }),
    ...(options.cardCycles === undefined ? {} : { cardCycles: options.cardCycles }),
    ...(mqtt === undefined ? {} : { mqtt: mqtt as never }),
    ...(mqttTls === undefined ? {} : { mqttTls: mqttTls as never }),
    ...(mqttWebsocket === undefined ? {} : { mqttWebSocket: mqttWebsocket as never }),
    ...(mqttWebsocketTls === undefined ? {} : { mqttWebSocketTls: mqttWebsocketTls as never }),
    ...(mqttCa === undefined ? {} : { mqttCa }),
    ...(mqttCert === undefined ? {} : { mqttCert }),
    ...(mqttKey === undefined ? {} : { mqttKey }),
    ...(mqttAck === undefined ? {} : { mqttAck: mqttAck as never }),
    ...(mqttAnonymous === undefined ? {} : { mqttAnonymous }),
    ...httpSettingsOf(options),
    ...(serial === undefined ? {} : { serial }),
    ...(serialAck === undefined ? {} : { serialAck }),
    ...(options.bridges === undefined
      ? {}
      : { bridges: SETTING_READERS.bridges.fromText(options.bridges) as never }),
    ...(options.alerts === undefined
      ? {}
      : { alerts: SETTING_READERS.alerts.fromText(options.alerts) as never }),
    ...(options.alertWebhook === undefined
      ? {}
      : { alertWebhook: SETTING_READERS.alertWebhook.fromText(options.alertWebhook) as never }),
    ...(logLevel === undefined ? {} : { logLevel }),
    ...(options.logLevels === undefined ? {} : { logLevels: options.logLevels as never }),
    // Only `--no-…` exists: without it the environment and the file decide.
    ...(options.mdns ? {} : { mdns: false }),
    ...(options.discovery ? {} : { discovery: false }),
  };
}

function httpSettingsOf(options: StartOptions): AgentSettings {
  const { http, httpTls, httpCert, httpKey, httpInsecure, httpLocal, httpHost, httpOrigin } = options;
  return {
    ...(http === undefined ? {} : { http: http as never }),
    ...(httpTls === undefined ? {} : { httpTls: httpTls as never }),
    ...(httpCert === undefined ? {} : { httpCert }),
    ...(httpKey === undefined ? {} : { httpKey }),
    ...(httpInsecure === undefined ? {} : { httpInsecure }),
    ...(httpLocal === undefined ? {} : { httpLocal: httpLocal as never }),
    ...(httpHost === undefined ? {} : { httpHosts: httpHost }),
    ...(httpOrigin === undefined ? {} : { httpOrigins: httpOrigin }),
  };
}

function readyText(ready: AgentReady, directory: string): string {
  const addresses = ready.addresses.map((address) => `  ${address}\n`).join('');
  const mqtt = ready.mqtt === undefined ? '' : `  MQTT clients connect to ${ready.mqtt.join(', ')}\n`;
  const http = ready.http === undefined ? '' : `  HTTP API at ${ready.http.join(', ')}\n`;
  return `${ready.name} (${ready.node}) is ready\n${addresses}${mqtt}${http}  directory ${directory}; stop with Ctrl-C or "sedge stop"\n`;
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
