import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { shownUrl } from '../../../../node/alerts/webhook/webhook-courier.ts';
import { webhookSignature } from '../../../../node/alerts/webhook/webhook-signature.ts';
import {
  WEBHOOK_WAITING_MAX,
  type WebhookDelivery,
  WebhookState,
} from '../../../../node/alerts/webhook/webhook-state.ts';

const delivery = (n: number, atMs = 0): WebhookDelivery => ({
  id: `d${n}`,
  event: 'fired',
  atMs,
  body: '{}',
  attempts: 0,
});
const failed = (afterMs: number | null = null) => ({
  kind: 'failed' as const,
  reason: 'it answered 503',
  afterMs,
});

describe('WebhookState', () => {
  it('brings what waits in order, and tries the first again later and later', () => {
    const state = new WebhookState();
    state.add(delivery(1));
    state.add(delivery(2));
    const waits: number[] = [];
    for (let nowMs = 0, attempt = 0; attempt < 14; attempt++) {
      const next = state.next(nowMs, 0)!;
      expect(next.delivery.id).toBe('d1');
      state.settle('d1', failed(), { nowMs, atMs: 0, random: 1 });
      waits.push(state.next(nowMs, 0)!.inMs);
      nowMs += waits.at(-1)!;
    }
    expect(waits.slice(0, 4)).toEqual([1_000, 2_000, 4_000, 8_000]);
    expect(waits.slice(-2)).toEqual([600_000, 600_000]);
    state.settle('d1', { kind: 'delivered' }, { nowMs: 9e9, atMs: 7, random: 0 });
    expect(state.next(0, 0)).toEqual({ delivery: delivery(2), inMs: 0 });
    expect(state.counts).toEqual({ delivered: 1, failed: 14, dropped: 0 });
    expect(state.lastAtMs).toBe(7);
  });

  it('spreads the attempts by up to a half, and waits as long as the receiver says, an hour at most', () => {
    const wait = (random: number, afterMs: number | null) => {
      const state = new WebhookState([delivery(1)]);
      state.settle('d1', failed(afterMs), { nowMs: 0, atMs: 0, random });
      return state.next(0, 0)!.inMs;
    };
    expect([wait(0, null), wait(1, null), wait(1, 60_000), wait(1, 9e9)]).toEqual([
      500, 1_000, 60_000, 3_600_000,
    ]);
  });

  it('drops what is refused, what is a day old, and the oldest over the limit, and counts it', () => {
    const state = new WebhookState();
    for (let n = 0; n < WEBHOOK_WAITING_MAX + 3; n++) state.add(delivery(n, n));
    expect(state.waiting).toHaveLength(WEBHOOK_WAITING_MAX);
    expect(state.waiting[0]!.id).toBe('d3');
    state.settle('d3', { kind: 'refused', reason: 'it answered 404' }, { nowMs: 0, atMs: 0, random: 0 });
    expect(state.lastError).toBe('it answered 404');
    expect(state.next(0, 86_400_000 + 9)!.delivery.id).toBe('d9');
    expect(state.counts).toEqual({ delivered: 0, failed: 1, dropped: 3 + 1 + 5 });
    state.settle('gone', { kind: 'delivered' }, { nowMs: 0, atMs: 0, random: 0 });
    expect(state.counts.delivered).toBe(0);
  });
});

describe('a webhook', () => {
  it('is signed over time and body', () => {
    const hex = createHmac('sha256', 'secret').update('12.{"a":1}').digest('hex');
    expect(webhookSignature('secret', '{"a":1}', 12_999)).toBe(`t=12,v1=${hex}`);
  });

  it('is shown without what may be secret', () => {
    expect(shownUrl('https://hooks.example/services/T0/B0/secret?token=x')).toBe(
      'https://hooks.example/services/…',
    );
    expect(shownUrl('https://hooks.example/hook?token=x')).toBe('https://hooks.example/hook');
    expect(shownUrl('https://hooks.example/')).toBe('https://hooks.example/');
  });
});
