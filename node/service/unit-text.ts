/** What the unit depends on. */
export interface UnitOptions {
  /** Node and the start script, as absolute paths. */
  readonly command: readonly string[];
  /** The most memory that the service may take, as systemd writes it. */
  readonly memoryMax: string;
}

/** Name of the unit, of the service's user and group, and of its directories below /var/lib, /var/cache and /etc. */
export const SERVICE_NAME = 'sedge';
/** Where the service keeps its data. */
export const SERVICE_DIRECTORY = '/var/lib/sedge';
/** Its settings; {@link SERVICE_DIRECTORY} has a link to them. */
export const SERVICE_SETTINGS = '/etc/sedge/sedge.yaml';

/** What a machine of 512 MB can spare; an agent needs a tenth to a half of it. */
export const MEMORY_MAX = '384M';

/**
 * The unit of systemd (systemd.service(5), systemd.exec(5), systemd.resource-control(5)). Everything is taken away that
 * the agent does not need; what stays has its reason beside it.
 */
export function unitText({ command, memoryMax }: UnitOptions): string {
  return `# Written by sedge; "systemctl edit sedge" changes it in a file of its own, which upgrades leave alone.
[Unit]
Description=sedge, a brokerless messaging mesh for the edge
Documentation=man:systemd.service(5)
After=network.target
# "sedge init" and "sedge join" make it: an agent would make a realm of its own, in which nobody else is.
ConditionPathExists=${SERVICE_DIRECTORY}/realm.json
# Drivers of USB serial ports: what is allowed below is named for them, and they must be there before.
Wants=modprobe@usbserial.service modprobe@cdc_acm.service
After=modprobe@usbserial.service modprobe@cdc_acm.service
# A node far out tries for ever, ever more rarely.
StartLimitIntervalSec=0

[Service]
Type=notify
# systemd-notify speaks for the agent, as a process of its own.
NotifyAccess=all
# At the end it is to tell that it stops, so that only the agent gets the signal.
KillMode=mixed
ExecStart=${command.map(unitWord).join(' ')} --dir ${SERVICE_DIRECTORY} start --json
# The log is on stderr; stdout has the line for programs that says that it is ready.
StandardOutput=null
# The agent speaks only while its disk takes what it holds and its control socket answers. Cards stall for half a minute.
WatchdogSec=180
# A journal that must be read anew after damage takes time.
TimeoutStartSec=900
TimeoutStopSec=60
Restart=on-failure
RestartSec=1
# From systemd 254 on, 1 s grows to 60 s in eight steps; older versions stay at 1 s.
RestartSteps=8
RestartMaxDelaySec=60

User=${SERVICE_NAME}
Group=${SERVICE_NAME}
# Serial ports belong to it.
SupplementaryGroups=dialout
UMask=0077
StateDirectory=${SERVICE_NAME}
StateDirectoryMode=0750
CacheDirectory=${SERVICE_NAME}
ConfigurationDirectory=${SERVICE_NAME}
WorkingDirectory=${SERVICE_DIRECTORY}
# Compiled code, so that later starts are quick.
Environment=NODE_COMPILE_CACHE=/var/cache/${SERVICE_NAME}
# Each thread of Node would take memory of its own from the system: 2 MB of an idle agent.
Environment=MALLOC_ARENA_MAX=2
MemoryMax=${memoryMax}
TasksMax=64
LimitNOFILE=65536
LimitCORE=0

ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateIPC=yes
PrivateMounts=yes
ProtectProc=invisible
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
RemoveIPC=yes
KeyringMode=private
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM
# IP for the mesh, Unix for its socket and systemd, netlink to list the machine's addresses.
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
# Serial ports: USB, boards with USB of their own, those of a Pi and of a PC.
DevicePolicy=closed
DeviceAllow=char-ttyUSB rw
DeviceAllow=char-ttyACM rw
DeviceAllow=char-ttyAMA rw
DeviceAllow=char-ttyS rw
# MemoryDenyWriteExecute is not set: V8 compiles as it runs.

[Install]
WantedBy=multi-user.target
`;
}

/** The user, for systemd-sysusers (sysusers.d(5)). */
export function sysusersText(): string {
  return `u ${SERVICE_NAME} - "sedge agent" ${SERVICE_DIRECTORY}\nm ${SERVICE_NAME} dialout\n`;
}

/** Its directory, for systemd-tmpfiles (tmpfiles.d(5)). */
export function tmpfilesText(): string {
  return [
    `d ${SERVICE_DIRECTORY} 0750 ${SERVICE_NAME} ${SERVICE_NAME} -`,
    `L ${SERVICE_DIRECTORY}/sedge.yaml - - - - ${SERVICE_SETTINGS}`,
    '',
  ].join('\n');
}

/** A word of ExecStart: quoted where it needs to be, and with systemd's own signs as they are. */
function unitWord(word: string): string {
  const plain = word.replaceAll('%', '%%').replaceAll('$', '$$$$');
  return /^[\w@%+=:,./$-]+$/.test(plain) ? plain : `"${plain.replaceAll(/["\\]/g, '\\$&')}"`;
}
