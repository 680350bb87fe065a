import { aBadFortnight } from './a-bad-fortnight.ts';
import { allNeighboursHostile } from './all-neighbours-hostile.ts';
import { channelStorm } from './channel-storm.ts';
import { clockAt1970 } from './clock-at-1970.ts';
import { clonedSdCard } from './cloned-sd-card.ts';
import { crashDuringAppend } from './crash-during-append.ts';
import { deviceOfflineForAWeek } from './device-offline-for-a-week.ts';
import { differentRetention } from './different-retention.ts';
import { equivocationShownToTwoHalves } from './equivocation-shown-to-two-halves.ts';
import { everybodyElseLostEverything } from './everybody-else-lost-everything.ts';
import { ferryBetweenTwoVillages } from './ferry-between-two-villages.ts';
import { flappingGateway } from './flapping-gateway.ts';
import { lateJoinerBehindASyncOnlyRelay } from './late-joiner-behind-a-sync-only-relay.ts';
import { muleWithAFullDisk } from './mule-with-a-full-disk.ts';
import { oneWayLink } from './one-way-link.ts';
import { powerCutOfTheWholeSite } from './power-cut-of-the-whole-site.ts';
import { restoredBackup } from './restored-backup.ts';
import type { Scenario } from './scenario.ts';
import { slowLinkWithAlarms } from './slow-link-with-alarms.ts';
import { storageExhaustion } from './storage-exhaustion.ts';
import { twoWayPartition } from './two-way-partition.ts';
import { weekLongPartition } from './week-long-partition.ts';
import { wipedCard } from './wiped-card.ts';

/** Every scenario, in the order in which `--all` plays them. */
export const SCENARIOS: readonly Scenario[] = Object.freeze([
  twoWayPartition,
  oneWayLink,
  flappingGateway,
  deviceOfflineForAWeek,
  ferryBetweenTwoVillages,
  muleWithAFullDisk,
  crashDuringAppend,
  powerCutOfTheWholeSite,
  clockAt1970,
  clonedSdCard,
  wipedCard,
  everybodyElseLostEverything,
  restoredBackup,
  lateJoinerBehindASyncOnlyRelay,
  differentRetention,
  channelStorm,
  storageExhaustion,
  slowLinkWithAlarms,
  allNeighboursHostile,
  equivocationShownToTwoHalves,
  aBadFortnight,
  weekLongPartition,
]);
