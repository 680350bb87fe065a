import type { PeerStatus } from '../../src/index.ts';
import type { TelemetrySnapshot } from '../telemetry/index.ts';
import { LABEL_LIMITS, type LabelBudget, OTHER } from './label-budget.ts';
import type { MetricValues } from './metric-values.ts';

const HEALTHS = Object.freeze(['ok', 'stalled', 'down'] as const);
/** Enough of an id to tell namesakes apart. */
const ID_CHARACTERS = 8;

/** Peers, and how far this node and each are apart. */
export function collectPeers(
  values: MetricValues,
  { peers, telemetry }: { readonly peers: readonly PeerStatus[]; readonly telemetry: TelemetrySnapshot },
  { budget, channelOf }: { readonly budget: LabelBudget; readonly channelOf: (name: string) => string },
): void {
  const known = peers.filter(({ node }) => node !== null);
  const labels = peerLabels(known);
  const labelOf = budget.place('peer', labels.values());
  for (const health of HEALTHS) {
    const alike = known.filter((peer) => peer.health === health);
    values.set('sedge_overlay_peers', alike.length, { health });
  }
  for (const peer of known) collectPeer(values, peer, labelOf(labels.get(peer.node!)!));
  const backlogs = new Map(telemetry.peers.map((peer) => [peer.node as string, peer.backlog]));
  const steps = known.flatMap((peer) => {
    const label = labelOf(labels.get(peer.node!)!);
    const backlog = new Map(backlogs.get(peer.node!)?.map((one) => [one.channel, one]));
    return peer.channels.map(({ channel, missingThere }) => {
      const lossInMs = backlog.get(channel)?.lossInMs ?? null;
      return { peer: label, channel: channelOf(channel), missingThere, lossInMs };
    });
  });
  collectBacklogs(values, steps);
}

/** The name that a peer has here, with the end of its id where two have the same: the beginning is alike for all. */
function peerLabels(peers: readonly PeerStatus[]): Map<string, string> {
  const names = new Map<string, number>();
  for (const { name } of peers) names.set(name, (names.get(name) ?? 0) + 1);
  return new Map(
    peers.map(({ node, name }) => {
      const id = node!.slice(-ID_CHARACTERS);
      if (name === '') return [node!, id];
      return [node!, names.get(name) === 1 ? name : `${name} ${id}`];
    }),
  );
}

function collectPeer(values: MetricValues, peer: PeerStatus, label: string): void {
  const labels = { peer: label };
  const seconds = (ms: number | null) => (ms === null ? null : ms / 1_000);
  values.set('sedge_overlay_peer_up', peer.health === 'ok' ? 1 : 0, labels);
  // Of peers that share a series the worst is told, and counts are summed.
  values.set('sedge_overlay_peer_latency_seconds', seconds(peer.latencyMs), labels, 'max');
  values.set('sedge_overlay_peer_heard_timestamp_seconds', seconds(peer.heardAtMs), labels, 'min');
  values.set('sedge_overlay_peer_failed_dials', peer.failedDials, labels);
  values.set('sedge_sync_peer_in_sync_timestamp_seconds', seconds(peer.inSyncAtMs), labels, 'min');
  const sum = (field: 'missingHere' | 'givenUp') =>
    peer.channels.reduce((total, channel) => total + channel[field], 0);
  values.set('sedge_sync_peer_missing_messages', sum('missingHere'), labels);
  values.set('sedge_sync_peer_given_up_messages', sum('givenUp'), labels);
}

interface Step {
  readonly peer: string;
  readonly channel: string;
  readonly missingThere: number | null;
  readonly lossInMs: number | null;
}

/** Pairs are many: those that lack most have a series of their own, and the rest of a peer's channels are one. */
function collectBacklogs(values: MetricValues, steps: readonly Step[]): void {
  const said = steps.filter(({ missingThere }) => missingThere !== null);
  said.sort((a, b) => b.missingThere! - a.missingThere!);
  for (const [at, { peer, channel: own, missingThere }] of said.entries()) {
    const channel = at < LABEL_LIMITS.backlog ? own : OTHER;
    values.set('sedge_sync_backlog_messages', missingThere, { peer, channel });
  }
  const losing = steps.filter(({ lossInMs }) => lossInMs !== null);
  losing.sort((a, b) => a.lossInMs! - b.lossInMs!);
  for (const [at, { peer, channel: own, lossInMs }] of losing.entries()) {
    const channel = at < LABEL_LIMITS.loss ? own : OTHER;
    values.set('sedge_sync_backlog_loss_seconds', lossInMs! / 1_000, { peer, channel }, 'min');
  }
}
