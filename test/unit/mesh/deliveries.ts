import type { DeliveredMessage, Delivery, Subscription } from '../../../src/mesh/index.ts';

/** Takes deliveries until there are as many as asked for; fails after the time. */
export async function take(subscription: Subscription, count: number, ms = 10_000): Promise<Delivery[]> {
  const taken: Delivery[] = [];
  const timeout = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => timeout.reject(new Error(`${taken.length} of ${count} deliveries: ${taken.map(brief).join(' ')}`)),
    ms,
  );
  try {
    while (taken.length < count) {
      const next = await Promise.race([subscription.next(), timeout.promise]);
      if (next.done === true) break;
      taken.push(next.value);
    }
  } finally {
    clearTimeout(timer);
  }
  return taken;
}

/** Takes the payloads of so many messages, as texts. */
export async function texts(subscription: Subscription, count: number, ms = 10_000): Promise<string[]> {
  return (await take(subscription, count, ms)).map(text);
}

/** What is delivered within a time: for claims that nothing is. The subscription is of no further use. */
export async function within(subscription: Subscription, ms: number): Promise<Delivery[]> {
  const taken: Delivery[] = [];
  const end = performance.now() + ms;
  for (;;) {
    const timer = Promise.withResolvers<null>();
    const timeout = setTimeout(() => timer.resolve(null), Math.max(0, end - performance.now()));
    const next = await Promise.race([subscription.next(), timer.promise]);
    clearTimeout(timeout);
    if (next === null || next.done === true) return taken;
    taken.push(next.value);
  }
}

/** A delivery's payload, or the gap. */
export function text(delivery: Delivery): string {
  return delivery.kind === 'gap'
    ? `gap ${delivery.first}-${delivery.last}`
    : Buffer.from(delivery.payload).toString();
}

export function messagesOf(deliveries: readonly Delivery[]): DeliveredMessage[] {
  return deliveries.filter((delivery) => delivery.kind === 'message');
}

/** `text` with a mark for what is late. */
export function brief(delivery: Delivery): string {
  return delivery.kind === 'message' && delivery.late ? `late ${text(delivery)}` : text(delivery);
}

/** A run of numbers as texts. */
export function numbers(first: number, last: number): string[] {
  return Array.from({ length: last - first + 1 }, (_, index) => String(first + index));
}
