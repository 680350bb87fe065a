import { SERVICE_DIRECTORY, SERVICE_NAME, SERVICE_SETTINGS } from './unit-text.ts';

/** One step of an installation; a plan is told before it is carried out. */
export type ServiceStep =
  | {
      readonly kind: 'write';
      readonly path: string;
      readonly text: string;
      /** What is there now; `null` for nothing. */
      readonly before: string | null;
      readonly why: string;
    }
  | { readonly kind: 'remove'; readonly path: string; readonly why: string }
  | { readonly kind: 'run'; readonly words: readonly string[]; readonly why: string };

/** Where an installation by `sedge service` puts its files. */
export const SERVICE_FILES = Object.freeze({
  unit: `/etc/systemd/system/${SERVICE_NAME}.service`,
  sysusers: `/etc/sysusers.d/${SERVICE_NAME}.conf`,
  tmpfiles: `/etc/tmpfiles.d/${SERVICE_NAME}.conf`,
});

/** Where the Debian package puts the unit. */
export const PACKAGED_UNIT = `/usr/lib/systemd/system/${SERVICE_NAME}.service`;

/** What an installation is to be, and what is there already. */
export interface InstallFacts {
  /** `/`, or the top of another system's files: an image, a test. */
  readonly root: string;
  readonly texts: {
    readonly unit: string;
    readonly sysusers: string;
    readonly tmpfiles: string;
    readonly settings: string;
  };
  /** Content of a file below the root; `null` if it is not there. */
  readonly read: (path: string) => string | null;
  readonly isActive: boolean;
  readonly isEnabled: boolean;
  readonly start: boolean;
}

/** What must be done; empty where all is as it should be. */
export function installPlan(facts: InstallFacts): ServiceStep[] {
  const { root, texts, read } = facts;
  const write = (path: string, text: string, why: string): ServiceStep[] => {
    const before = read(path);
    return before === text ? [] : [{ kind: 'write', path, text, before, why }];
  };
  const user = write(SERVICE_FILES.sysusers, texts.sysusers, 'the user that the service runs as');
  const directory = write(
    SERVICE_FILES.tmpfiles,
    texts.tmpfiles,
    `${SERVICE_DIRECTORY}, with a link to the settings`,
  );
  // Settings are the person's; once there, they stay as they are.
  const settings =
    read(SERVICE_SETTINGS) === null
      ? write(SERVICE_SETTINGS, texts.settings, 'settings, all of them comments')
      : [];
  const unit = write(SERVICE_FILES.unit, texts.unit, 'the service');
  const onHost = root === '/';
  const below = onHost ? [] : [`--root=${root}`];
  return [
    ...user,
    ...directory,
    ...settings,
    ...unit,
    ...when(user.length > 0, 'makes the user', ['systemd-sysusers', ...below, `${SERVICE_NAME}.conf`]),
    ...when(directory.length > 0, 'makes the directory', [
      'systemd-tmpfiles',
      ...below,
      '--create',
      `${SERVICE_NAME}.conf`,
    ]),
    ...when(onHost && unit.length > 0, 'lets systemd read it', ['systemctl', 'daemon-reload']),
    ...when(!facts.isEnabled, 'starts it at each boot', ['systemctl', ...below, 'enable', SERVICE_NAME]),
    ...startStep(facts, unit.length > 0),
  ];
}

function startStep({ root, start, isActive }: InstallFacts, unitChanged: boolean): ServiceStep[] {
  if (root !== '/' || !start) return [];
  if (isActive) return when(unitChanged, 'takes what changed', ['systemctl', 'restart', SERVICE_NAME]);
  return when(true, 'starts it now', ['systemctl', 'start', SERVICE_NAME]);
}

/** What is there when it is to be taken away. */
export interface UninstallFacts {
  readonly root: string;
  readonly exists: (path: string) => boolean;
  readonly isActive: boolean;
  readonly isEnabled: boolean;
  /** Data, settings and user too. */
  readonly purge: boolean;
}

/** What must be done; empty where nothing is left. */
export function uninstallPlan({ root, exists, isActive, isEnabled, purge }: UninstallFacts): ServiceStep[] {
  const onHost = root === '/';
  const below = onHost ? [] : [`--root=${root}`];
  const remove = (path: string, why: string): ServiceStep[] =>
    exists(path) ? [{ kind: 'remove', path, why }] : [];
  const files = [
    ...remove(SERVICE_FILES.unit, 'the service'),
    ...remove(SERVICE_FILES.tmpfiles, `what made ${SERVICE_DIRECTORY}`),
    ...remove(SERVICE_FILES.sysusers, 'what made its user'),
  ];
  const data = [
    ...remove(SERVICE_DIRECTORY, 'THE DATA: key, realm and messages of this node'),
    ...remove('/var/cache/sedge', 'compiled code'),
    ...remove('/etc/sedge', 'settings'),
  ];
  return [
    ...when(onHost && isActive, 'stops it', ['systemctl', 'stop', SERVICE_NAME]),
    ...when(isEnabled, 'not at the next boot', ['systemctl', ...below, 'disable', SERVICE_NAME]),
    ...files,
    ...when(onHost && files.length > 0, 'lets systemd forget it', ['systemctl', 'daemon-reload']),
    ...(purge ? data : []),
    ...when(purge && onHost && data.length > 0, 'its user', ['userdel', SERVICE_NAME]),
  ];
}

/** A plan for people: a line a step, and with `whole` the texts of all files. */
export function planText(steps: readonly ServiceStep[], { whole }: { readonly whole: boolean }): string {
  return steps.map((step) => stepText(step, whole)).join('');
}

function stepText(step: ServiceStep, whole: boolean): string {
  if (step.kind === 'run') return `  run     ${step.words.join(' ')}  (${step.why})\n`;
  if (step.kind === 'remove') return `  remove  ${step.path}  (${step.why})\n`;
  const line = `  ${step.before === null ? 'write ' : 'change'}  ${step.path}  (${step.why})\n`;
  return whole ? `${line}${step.text.replaceAll(/^(?=.)/gm, '          ')}` : line;
}

function when(needed: boolean, why: string, words: readonly string[]): ServiceStep[] {
  return needed ? [{ kind: 'run', words, why }] : [];
}
