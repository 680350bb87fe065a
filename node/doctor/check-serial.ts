import { parsePortAddress } from '../../firmware-bridge/host/transport/port-address.ts';
import { ERROR_TABLE, type ErrorCode } from '../../src/errors/index.ts';
import { type Finding, fail, ok, warn } from './finding.ts';
import type { PortFile, ProcessName, SerialProbe } from './serial-probe.ts';

/** Programs that take serial ports for modems and displays of their own, and how they are made to stop. */
const PORT_TAKERS: Readonly<Record<string, string>> = Object.freeze({
  ModemManager:
    'It tries every new port for a modem: "sudo systemctl disable --now ModemManager", where the machine has no modem.',
  brltty:
    'It takes boards with a CH340 or CP210x for a Braille display: "sudo apt remove brltty", where nobody needs one.',
});

/** Ports and programs that are named in a sentence. */
const NAMED_MAX = 3;

/** What the running agent says of a port. */
export interface AgentPort {
  readonly path: string;
  readonly problem: { readonly code: string; readonly detail: string } | null;
  /** Whether the device there has a key; `null` where none spoke. */
  readonly provisioned: boolean | null;
}

/** What {@link checkSerial} looks at. */
export interface SerialToCheck {
  /** Ports of the settings and of the running agent: `PORT[:BAUD]`, `tcp://...`, `auto`. */
  readonly ports: readonly string[];
  /** Serial ports of USB that are there, by their stable names where they have any. */
  readonly available: readonly string[];
  /** The running agent: what it has open is its own. */
  readonly agent: { readonly pid: number; readonly ports: readonly AgentPort[] } | null;
}

/**
 * Why serial ports cannot be opened, and how each is mended; nothing where none is configured. It never opens one: that
 * would reset the board, and take the port from whoever reads it.
 */
export function checkSerial(what: SerialToCheck, probe: SerialProbe): Finding[] {
  const checked = [...new Set(what.ports)].flatMap((text) => {
    const address = parsePortAddress(text);
    if (address.kind === 'serial') return [checkPort(address.path, what, probe)];
    if (address.kind === 'tcp') return [checkHost(text, what)];
    if (what.available.length > 0) return what.available.map((path) => checkPort(path, what, probe));
    return [warn('serial ports', 'no USB serial port is there', 'Plug a board in; it is found by itself.')];
  });
  // One that is given may be found by `auto` too.
  return [...new Map(checked.map((finding) => [finding.check, finding])).values()];
}

function checkPort(path: string, what: SerialToCheck, probe: SerialProbe): Finding {
  const check = `serial port ${path}`;
  const file = probe.file(path);
  if (file === null) return missing(check, what, probe);
  if (!file.isTty) return fail(check, 'it is no serial port', `Give another one${proposal(what)}.`);
  if (!file.isAllowed) return denied(check, file, probe);
  const holders = probe.holders(file.path);
  const others = holders.filter(({ pid }) => pid !== what.agent?.pid);
  if (others.length > 0) return taken(check, others);
  const problem = problemOf(path, what);
  if (problem === null) {
    const free = holders.length > 0 ? 'the agent has it open' : 'there, free, and may be opened';
    return keyless(check, path, what) ?? ok(check, free);
  }
  if (problem.code === 'serial.port-busy') {
    const next = `Run "sudo fuser -v ${path}" to see which, and end it.`;
    return { ...fail(check, 'a program of another user has it open', next), code: problem.code };
  }
  return told(check, problem);
}

function told(check: string, { code, detail }: NonNullable<AgentPort['problem']>): Finding {
  const entry = Object.hasOwn(ERROR_TABLE, code) ? ERROR_TABLE[code as ErrorCode] : null;
  const sentence = `${entry?.meaning.replace(/\.$/, '') ?? code}${detail === '' ? '' : ` (${detail})`}`;
  return { ...fail(check, sentence, entry?.next ?? 'Look at the log of the agent.'), code };
}

function checkHost(port: string, what: SerialToCheck): Finding {
  const problem = problemOf(port, what);
  const check = `serial port ${port}`;
  if (problem !== null) return told(check, problem);
  const sentence = what.agent === null ? 'the agent will report on it' : 'the agent reports no problem';
  return keyless(check, port, what) ?? ok(check, sentence);
}

/** A device that waits for its key; `null` where there is none. */
function keyless(check: string, port: string, { agent }: SerialToCheck): Finding | null {
  if (agent?.ports.find(({ path }) => path === port)?.provisioned !== false) return null;
  return warn(check, 'the device there has no key yet', `Run "sedge device provision ${port}".`);
}

function problemOf(path: string, { agent }: SerialToCheck): AgentPort['problem'] {
  return agent?.ports.find((port) => port.path === path)?.problem ?? null;
}

function missing(check: string, what: SerialToCheck, probe: SerialProbe): Finding {
  const sentence = 'nothing is there: unplugged, without power, or under another name';
  const [taker] = probe.running(['brltty']);
  if (taker !== undefined) {
    return fail(check, `${sentence}; brltty runs (pid ${taker.pid})`, PORT_TAKERS.brltty!);
  }
  if (what.available.length > 0) {
    return fail(check, sentence, `Plug it in, or give the port that is there${proposal(what)}.`);
  }
  const next =
    'Plug the board in. If it is: try another cable (some only carry power), and look at "sudo dmesg".';
  return fail(check, `${sentence}; no other USB serial port is there`, next);
}

function denied(check: string, { group, isGroups }: PortFile, probe: SerialProbe): Finding {
  const { user } = probe;
  if (!isGroups || group === 'root') {
    const next = `Look at its rights ("ls -lL ${check.slice('serial port '.length)}") and at the udev rule that gives them.`;
    return fail(check, `user ${user} may not read and write it, and no group but root may`, next);
  }
  if (probe.isMember(group)) {
    const sentence = `user ${user} was added to the group ${group}, but this session began before`;
    return fail(check, sentence, 'Log out and in again, then start the agent anew.');
  }
  const next = `Run "sudo usermod -aG ${group} ${user}", log out and in again, then start the agent anew.`;
  return fail(check, `user ${user} may not open it: that is for the group ${group}`, next);
}

function taken(check: string, holders: readonly ProcessName[]): Finding {
  const who = holders.slice(0, NAMED_MAX).map(({ pid, name }) => `${name || 'a program'} (pid ${pid})`);
  const hint = holders.map(({ name }) => PORT_TAKERS[name]).find((text) => text !== undefined);
  const verb = who.length === 1 ? 'has' : 'have';
  return fail(
    check,
    `${who.join(', ')} ${verb} it open`,
    hint ?? 'End that program, or close the port in it.',
  );
}

function proposal({ available }: SerialToCheck): string {
  return available.length === 0 ? '' : `: ${available.slice(0, NAMED_MAX).join(' or ')}`;
}
