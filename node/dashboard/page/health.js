import { addressText } from './address-text.js';
import { cardLifeSeconds } from './card-life.js';
import { bytes, count, nodeName, percent, plural, span } from './format.js';

/**
 * @typedef {import('./node-state.js').AlertReport} AlertReport
 * @typedef {{ severity: 'alarm' | 'warning' | 'note', sentence: string, next: string, view: string | null }} Finding
 */

/** Journals that fill so much of what they may take are worth a word. */
const FULL_SHARE = 0.9;
/** So little of a disk free is an alarm. */
const FREE_SHARE_MIN = 0.05;
/** A card with less life left than a year is worth a word. */
const CARD_SECONDS_MIN = 31_557_600;
const OWN_SHARE_MIN = 0.2;
/** A loss that is nearer than a day is worth a word. */
const LOSS_AHEAD_MS = 86_400_000;
const RANK = { alarm: 0, warning: 1, note: 2 };

/**
 * What is wrong with a node and what to do about it, the worst first; empty when all is well.
 * @param {import('./node-state.js').NodeState} state
 * @returns {Finding[]}
 */
export function findingsOf(state) {
  const { status, alerts } = state.sections;
  if (status === undefined) return [];
  /** @type {Finding[]} */
  const findings = [
    ...status.problems.map(({ severity, sentence, next }) => ({ severity, sentence, next, view: null })),
    ...alertFindings(alerts),
    ...peerFindings(state),
    ...lossFindings(status, state.sections.gaps),
    ...backlogFindings(state),
    ...diskFindings(state),
    ...cardFindings(state),
  ];
  return findings.sort((a, b) => RANK[a.severity] - RANK[b.severity]);
}

/** @param {AlertReport | undefined} report @returns {Finding[]} */
function alertFindings(report) {
  const alerts = (report?.alerts ?? []).filter(
    ({ state, acknowledged }) => state === 'firing' && acknowledged === null,
  );
  return alerts.map(({ severity, sentence, next }) => ({ severity, sentence, next, view: 'alerts' }));
}

/**
 * Whether an alert says it already, seen by somebody or not: nothing is said twice.
 * @param {AlertReport | undefined} report
 * @param {import('../../alerts/alert.ts').AlertWatch} watch
 * @param {string} [subject]
 */
function isAlerted(report, watch, subject) {
  return (report?.alerts ?? []).some(
    (alert) =>
      alert.state === 'firing' &&
      alert.watch === watch &&
      (subject === undefined || alert.subject === subject),
  );
}

/** @param {import('./node-state.js').NodeState} state @returns {Finding[]} */
function peerFindings(state) {
  const { peers, sections } = state;
  const { realm, alerts } = sections;
  const untold = peers.filter(({ name }) => !isAlerted(alerts, 'peer-silent', name));
  const down = untold.filter(({ connected, source }) => !connected && source !== 'inbound');
  const stalled = untold.filter(({ health }) => health === 'stalled');
  const others = (realm?.nodes.length ?? 1) - 1;
  /** @type {Finding[]} */
  const findings = [];
  if (others > 0 && !peers.some(({ connected }) => connected)) {
    findings.push({
      severity: 'alarm',
      sentence: `This node is alone: none of the ${plural(others, 'other node')} of the realm is connected. What it publishes stays here until one is.`,
      next: 'sedge doctor',
      view: 'topology',
    });
  } else if (down.length > 0) {
    findings.push({
      severity: 'warning',
      sentence: `${listed(down.map(({ name, node, addresses }) => name || (node === null ? addressText(addresses[0] ?? '') : nodeName(name, node))))} cannot be reached. What they miss is kept for them.`,
      next: 'sedge peers',
      view: 'peers',
    });
  }
  if (stalled.length > 0) {
    findings.push({
      severity: 'warning',
      sentence: `${listed(stalled.map(({ name, node }) => nodeName(name, node)))} ${stalled.length === 1 ? 'is' : 'are'} connected but silent for more than 75 seconds.`,
      next: 'sedge peers',
      view: 'peers',
    });
  }
  return findings;
}

/**
 * @param {import('./node-state.js').NodeStatus} status
 * @param {import('./node-state.js').Sections['gaps']} gaps
 * @returns {Finding[]}
 */
function lossFindings(status, gaps) {
  /** @type {Finding[]} */
  const findings = [];
  const losses = status.channels.flatMap((channel) => channel.losses);
  const elsewhere = sumOf(losses, 'held-elsewhere');
  const nowhere = sumOf(losses, 'nowhere');
  if (elsewhere > 0) {
    findings.push({
      severity: 'note',
      sentence: `${plural(elsewhere, 'message')} ${elsewhere === 1 ? 'is' : 'are'} missing here and held by a peer: ${elsewhere === 1 ? 'it is' : 'they are'} being fetched, or will be when that peer is back.`,
      next: 'sedge gaps',
      view: 'gaps',
    });
  }
  if (nowhere > 0) {
    findings.push({
      severity: 'warning',
      sentence: `${plural(nowhere, 'message')} ${nowhere === 1 ? 'is' : 'are'} missing, and no peer heard of so far holds ${nowhere === 1 ? 'it' : 'them'}${gaps === undefined ? '' : ` (${plural(gaps.total, 'gap')})`}.`,
      next: 'sedge gaps',
      view: 'gaps',
    });
  }
  return findings;
}

/**
 * @param {readonly { why: string, messages: number }[]} losses
 * @param {string} why
 */
function sumOf(losses, why) {
  return losses.reduce((sum, loss) => (loss.why === why ? sum + loss.messages : sum), 0);
}

/** @param {import('./node-state.js').NodeState} state @returns {Finding[]} */
function backlogFindings({ sections: { telemetry, alerts } }) {
  const behind = (telemetry?.peers ?? []).filter(
    ({ name, lossInMs }) =>
      lossInMs !== null && lossInMs < LOSS_AHEAD_MS && !isAlerted(alerts, 'backlog', name),
  );
  return behind.map(({ name, node, lossInMs, missingThere }) => ({
    severity: /** @type {const} */ ('warning'),
    sentence: `${nodeName(name, node)} lacks ${plural(missingThere, 'message')}; if nothing changes, the first of them ${(lossInMs ?? 0) <= 0 ? 'are being dropped here now' : `will be dropped here in ${span(lossInMs)}`}.`,
    next: 'sedge realm retention',
    view: 'peers',
  }));
}

/** @param {import('./node-state.js').NodeState} state @returns {Finding[]} */
function diskFindings({ sections: { telemetry, alerts } }) {
  if (telemetry === undefined) return [];
  const { journalBytes, journalBytesMax, freeBytes, totalBytes } = telemetry.disk;
  /** @type {Finding[]} */
  const findings = [];
  if (
    !isAlerted(alerts, 'disk') &&
    freeBytes !== null &&
    totalBytes !== null &&
    freeBytes < totalBytes * FREE_SHARE_MIN
  ) {
    findings.push({
      severity: 'alarm',
      sentence: `The disk is nearly full: ${bytes(freeBytes)} of ${bytes(totalBytes)} are free.`,
      next: 'df -h',
      view: 'node',
    });
  }
  if (journalBytesMax !== null && journalBytes > journalBytesMax * FULL_SHARE) {
    findings.push({
      severity: 'note',
      sentence: `The journals fill ${percent(journalBytes / journalBytesMax)} of the ${bytes(journalBytesMax)} they may take; the oldest messages make room.`,
      next: 'sedge channels',
      view: 'channels',
    });
  }
  return findings;
}

/** @param {import('./node-state.js').NodeState} state @returns {Finding[]} */
function cardFindings({ sections: { telemetry } }) {
  const lifeSeconds = cardLifeSeconds(telemetry?.card);
  if (telemetry === undefined || lifeSeconds === null || lifeSeconds > CARD_SECONDS_MIN) return [];
  const { agentBytesPerSecond, writtenBytesPerSecond } = telemetry.card;
  const share = Math.min(1, agentBytesPerSecond / writtenBytesPerSecond);
  const sentence = `If writing goes on at this rate, the card lasts ${span(lifeSeconds * 1_000)} more (an estimate); ${percent(share)} of it is written by sedge.`;
  // What other programs write no setting of this one changes.
  return share < OWN_SHARE_MIN
    ? [{ severity: 'note', sentence, next: '', view: 'node' }]
    : [{ severity: 'warning', sentence, next: 'sedge start --commit-interval 1000', view: 'node' }];
}

/** `a, b and 3 more`. @param {readonly string[]} names */
export function listed(names) {
  const shown = names.slice(0, 3);
  const more = names.length - shown.length;
  if (more > 0) return `${shown.join(', ')} and ${count(more)} more`;
  return shown.length < 2 ? shown.join('') : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}`;
}
