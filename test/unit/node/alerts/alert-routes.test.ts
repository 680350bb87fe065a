import { afterEach, describe, expect, it } from 'vitest';
import type { ServedAlerts } from '../../../../node/control/served-alerts.ts';
import { SedgeError } from '../../../../src/errors/index.ts';
import { HttpWorld } from '../http/http-world.ts';

let world: HttpWorld;
afterEach(() => world.stop());

/** Alerts that take what they are told. */
function fakeAlerts() {
  const heard: unknown[] = [];
  const alerts = {
    report: () => ({ counts: { firing: 1 } }),
    acknowledge: async (word: unknown) => {
      heard.push(word);
      if ((word as { id: string }).id === 'none') throw new SedgeError('alert.unknown', { alert: 'none' });
      return { id: 'disk' };
    },
    test: async () => ({ published: true }),
  } as unknown as ServedAlerts;
  return { alerts, heard };
}

const acknowledge = (json: unknown) => world.ask('/v1/alerts/acknowledge', { method: 'POST', json });

describe('the routes of alerts', () => {
  it('show and acknowledge', async () => {
    const { alerts, heard } = fakeAlerts();
    world = await HttpWorld.start({ parts: { alerts } });
    expect((await world.ask('/v1/alerts')).body).toEqual({ counts: { firing: 1 } });
    expect((await acknowledge({ id: 'disk', by: 'ann', note: 'seen' })).body).toEqual({ id: 'disk' });
    await acknowledge({ id: 'disk' });
    expect(heard).toEqual([
      { id: 'disk', by: 'ann', note: 'seen' },
      { id: 'disk', by: 'unknown', note: '' },
    ]);
    expect(await acknowledge({ id: 'none' })).toMatchObject({
      status: 404,
      body: { error: { code: 'alert.unknown' } },
    });
  });

  it('name the token of who acknowledges with one', async () => {
    const { alerts, heard } = fakeAlerts();
    world = await HttpWorld.start({ parts: { alerts } });
    const headers = { authorization: `Bearer ${await world.token(['publish:#'])}` };
    const ask = (json: unknown) => world.ask('/v1/alerts/acknowledge', { method: 'POST', json, headers });
    expect((await ask({ id: 'disk', by: 'root' })).status).toBe(200);
    await ask({ id: 'disk' });
    expect(heard).toMatchObject([
      { by: expect.stringMatching(/^root \(token .+\)$/) },
      { by: expect.stringMatching(/^token .+/) },
    ]);
    const reader = { authorization: `Bearer ${await world.token(['read'])}` };
    const refused = await world.ask('/v1/alerts/acknowledge', {
      method: 'POST',
      json: { id: 'disk' },
      headers: reader,
    });
    expect(refused.status).toBe(403);
  });

  it.each([
    [{}, 'id must be a text'],
    [[], 'the body must be a JSON object'],
    [{ id: 'disk', why: 'x' }, 'unknown key'],
    [{ id: 'disk', by: 'x'.repeat(65) }, 'by must be a text of at most 64'],
    [{ id: 'disk', by: 'a\u001b[2Jb' }, 'without control characters'],
    [{ id: 'disk', note: 'x'.repeat(501) }, 'note must be a text of at most 500'],
    [{ id: 'disk', note: 7 }, 'note must be a text'],
  ])('refuse %j with a sentence', async (body, reason) => {
    world = await HttpWorld.start({ parts: { alerts: fakeAlerts().alerts } });
    const answer = await acknowledge(body);
    expect(answer).toMatchObject({ status: 400, body: { error: { code: 'agent.bad-request' } } });
    expect(answer.text).toContain(reason);
  });

  it('say that there are none where they are off', async () => {
    world = await HttpWorld.start();
    expect((await world.ask('/v1/alerts')).body).toMatchObject({
      alerts: [],
      others: [],
      rules: [],
      counts: { firing: 0 },
    });
    expect(await acknowledge({ id: 'disk' })).toMatchObject({ status: 404 });
  });
});
