/** What the gateway counts, from its start on. */
const NAMES = [
  'connections',
  'connectionsRefused',
  'connectionsOverTotal',
  'connectionsOverAddress',
  'connectionsOverRate',
  'halfOpenCut',
  'packetsRefused',
  'keepAliveTimeouts',
  'stalledConnections',
  'takenOver',
  'messagesIn',
  'messagesInRepeated',
  'messagesInRefused',
  'messagesInSlowed',
  'messagesOut',
  'messagesOutRepeated',
  'messagesOutTooLarge',
  'messagesOutQos0Skipped',
  'retainedOut',
  'gapMessages',
  'sessionsExpired',
  'willsPublished',
] as const;

export type GatewayCount = (typeof NAMES)[number];

/** Counters of a gateway. */
export class GatewayCounters {
  readonly #counts: Record<GatewayCount, number>;

  constructor() {
    this.#counts = Object.fromEntries(NAMES.map((name) => [name, 0])) as Record<GatewayCount, number>;
  }

  count(name: GatewayCount, by = 1): void {
    this.#counts[name] += by;
  }

  snapshot(): Readonly<Record<GatewayCount, number>> {
    return { ...this.#counts };
  }
}
