import { ALERTS_PREFIX } from '../alert-topics.ts';
import { REASON, type ReasonCode } from '../packet/reason-code.ts';
import { isShared, readShared } from '../shared/shared-filter.ts';
import type { Permissions } from '../users/permissions.ts';
import { type MqttSubscription, SubscriptionSet } from './subscription-set.ts';

/** What there is to be heard under `$`. */
const OWN_TOPICS = ['$SYS/', ALERTS_PREFIX];

/** What a session subscribes to: its own filters, and those that it shares with a group. Pure. */
export class SessionFilters {
  readonly own = new SubscriptionSet();
  readonly #shared = new Map<string, MqttSubscription>();

  /** `positions`: how far the journals are now. */
  constructor(kept: readonly MqttSubscription[], positions: ReadonlyMap<string, number>) {
    for (const { since, ...subscription } of kept) {
      // After a power cut the journal may be shorter: what comes now is behind all that is held.
      const clamped = Object.entries(since).map(([channel, at]) => [
        channel,
        Math.min(at, positions.get(channel) ?? 0),
      ]);
      this.add({ ...subscription, since: Object.fromEntries(clamped) });
    }
  }

  all(): readonly MqttSubscription[] {
    return [...this.own.all(), ...this.#shared.values()];
  }

  /** Those of groups, each with its whole filter. */
  shared(): readonly MqttSubscription[] {
    return [...this.#shared.values()];
  }

  sharedNames(): readonly string[] {
    return [...this.#shared.keys()];
  }

  has(filter: string): boolean {
    return this.own.has(filter) || this.#shared.has(filter);
  }

  /** Why a filter may not be subscribed to; `null` if it may. */
  refusalOf(
    filter: string,
    { permissions, max }: { readonly permissions: Permissions | undefined; readonly max: number },
  ): ReasonCode | null {
    const shared = isShared(filter) ? readShared(filter) : null;
    if (isShared(filter) && shared === null) return REASON.topicFilterInvalid;
    if (shared === null && filter.startsWith('$') && !OWN_TOPICS.some((prefix) => filter.startsWith(prefix)))
      return REASON.notAuthorized;
    if (permissions?.maySubscribe(shared?.filter ?? filter) !== true) return REASON.notAuthorized;
    return !this.has(filter) && this.own.size + this.#shared.size >= max ? REASON.quotaExceeded : null;
  }

  /** Adds one, in place of one of the same filter. Why not, if it cannot be. */
  add(subscription: MqttSubscription): ReasonCode | null {
    if (!isShared(subscription.filter)) return this.own.add(subscription) ? null : REASON.topicFilterInvalid;
    this.#shared.set(subscription.filter, subscription);
    return null;
  }

  /** Takes one away: of which kind it was. */
  remove(filter: string): 'own' | 'shared' | 'none' {
    if (this.#shared.delete(filter)) return 'shared';
    return this.own.remove(filter) ? 'own' : 'none';
  }

  /** Takes away what is not permitted; returns those of them that were shared. */
  keepTo(permissions: Permissions): string[] {
    for (const { filter } of this.own.all()) if (!permissions.maySubscribe(filter)) this.own.remove(filter);
    const lost = this.sharedNames().filter(
      (filter) => !permissions.maySubscribe(readShared(filter)?.filter ?? filter),
    );
    for (const filter of lost) this.#shared.delete(filter);
    return lost;
  }
}
