import { ERROR_TABLE, type ErrorCode, isSedgeError } from '../../src/errors/index.ts';
import type { PeerStatus } from '../../src/index.ts';
import { formatBytes, formatCount, formatSpan, plural } from '../cli/human-figures.ts';
import type { AgentClient, AgentStatus, AlertReport } from '../control/client/index.ts';
import { lockHolder } from '../directory-lock.ts';
import { checkHttp } from './check-http.ts';
import { checkMqtt } from './check-mqtt.ts';
import { type Finding, fail, ok, warn } from './finding.ts';

/** An agent that does not answer for so long is stuck. */
const ANSWER_MS_MAX = 5_000;

/** The running agent, its peers, its problems and what it refused; one finding if none runs. */
export async function checkAgent(directory: string, agent: AgentClient): Promise<Finding[]> {
  let status: AgentStatus | null;
  try {
    status = await inTime(agent.status());
  } catch (error) {
    if (!isSedgeError(error)) throw error;
    return [withoutAgent(directory, error.code, error.message, error.next)];
  }
  if (status === null) {
    const next = 'Look at its log. "sedge stop" may not reach it; then end its process.';
    return [fail('agent', `it has not answered for ${formatSpan(ANSWER_MS_MAX)}`, next)];
  }
  const { pid, residentBytes } = status.agent;
  return [
    ok('agent', `runs with pid ${pid} and ${formatBytes(residentBytes)} of memory`),
    checkPeers(await agent.peers()),
    ...checkMqtt(status.agent.mqtt),
    ...checkHttp(status.agent.http),
    ...checkProblems(status),
    ...(status.agent.alerts == null ? [] : checkAlerts(await agent.alerts())),
    ...checkCounters(status.counters),
  ];
}

function withoutAgent(directory: string, code: string, message: string, next: string): Finding {
  const holder = lockHolder(directory);
  if (code !== 'agent.not-running') return { ...fail('agent', message, next), code };
  if (holder?.isAlive === true) {
    const advice = 'It may be starting or stopping: look again in some seconds, then at its log.';
    return warn('agent', `process ${holder.pid} has the directory, but does not answer`, advice);
  }
  const end = holder === null ? '' : '; the last one was killed or lost its power, which harms nothing';
  return { ...warn('agent', `none runs${end}`, 'Start it with "sedge start".'), code };
}

function checkPeers(peers: readonly PeerStatus[]): Finding {
  const connected = peers.filter((peer) => peer.connected);
  if (peers.length === 0) {
    const next = 'Give one with --peer, or check that the network lets mDNS through.';
    return warn('peers', 'none are known', next);
  }
  const stalled = connected.filter(({ health }) => health === 'stalled');
  if (stalled.length > 0) {
    const who = stalled.slice(0, 3).map((peer) => peer.name || peer.addresses[0] || peer.node);
    const next =
      'The link is open and nothing comes over it: look at "sedge status" and at the log of that node.';
    return warn('peers', `${plural(stalled.length, 'peer')} stalled: ${who.join(', ')}`, next);
  }
  const sentence = `${formatCount(connected.length)} of ${formatCount(peers.length)} connected`;
  const lost = peers.filter(
    (peer) => !peer.connected && (peer.source === 'given' || peer.source === 'invitation'),
  );
  if (lost.length === 0 && connected.length > 0) return ok('peers', sentence);
  const names = lost.slice(0, 3).map((peer) => peer.name || peer.addresses[0] || peer.node);
  const missing = names.length === 0 ? '' : `; not reached: ${names.join(', ')}`;
  return warn('peers', `${sentence}${missing}`, 'See "sedge peers"; the agent keeps trying.');
}

function checkProblems({ problems }: AgentStatus): Finding[] {
  if (problems.length === 0) return [ok('problems', 'the agent reports none')];
  return problems.map(({ code, severity, sentence, next }) => ({
    check: severity === 'alarm' ? 'alarm' : 'problem',
    level: 'fail',
    sentence,
    next,
    code,
  }));
}

/** What fires, and what does not get out. */
function checkAlerts({ alerts, webhooks, damagedFile }: AlertReport): Finding[] {
  const firing = alerts.filter(({ state }) => state === 'firing');
  const findings = firing.map(({ id, sentence, next, acknowledged }) => {
    const seen = acknowledged === null ? '' : ` Seen by ${acknowledged.by}.`;
    return warn('alerts', `${id}: ${sentence}${seen}`, next);
  });
  for (const { url, lastError } of webhooks) {
    if (lastError === null) continue;
    findings.push(
      warn('webhook', `${url} takes no alerts: ${lastError}`, 'Try it with "sedge alerts test".'),
    );
  }
  if (damagedFile !== null) {
    const next = 'Nothing: what is still wrong fires again. Remove it when you have looked at it.';
    findings.push(warn('alerts', `their file could not be read: ${damagedFile}`, next));
  }
  return findings.length === 0 ? [ok('alerts', 'none fires')] : findings;
}

/** What was refused is counted, never passed over; each count with what it means. */
function checkCounters(counters: Readonly<Record<string, number>>): Finding[] {
  const refused = Object.entries(counters).filter(([code, count]) => count > 0 && code !== 'entry.known');
  if (refused.length === 0) return [ok('refused input', 'none')];
  return refused.map(([code, count]) => {
    const known = Object.hasOwn(ERROR_TABLE, code) ? ERROR_TABLE[code as ErrorCode] : null;
    const meaning = known?.meaning ?? 'See the documentation of this code.';
    const sentence = `${plural(count, 'time')} ${code}: ${meaning}`;
    return { ...warn('refused input', sentence, known?.next ?? 'Look at the log of the agent.'), code };
  });
}

async function inTime<T>(work: Promise<T>): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), ANSWER_MS_MAX);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
