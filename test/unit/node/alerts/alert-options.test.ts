import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readAlerts } from '../../../../node/alerts/alert-options.ts';
import { BUILT_IN_RULES } from '../../../../node/alerts/alert-rule.ts';
import { readWebhooks } from '../../../../node/alerts/webhook/webhook-options.ts';

const reasonOf = (rule: unknown) => {
  const read = readAlerts([rule]);
  return read.ok ? null : read.reason;
};
const rulesOf = (...rules: readonly unknown[]) => {
  const read = readAlerts(rules);
  if (!read.ok) throw new Error(read.reason);
  return read.value;
};

describe('the setting alerts', () => {
  it('adds to the built-in rules, changes them by name, and switches them off', () => {
    expect(rulesOf()).toEqual(BUILT_IN_RULES);
    const rules = rulesOf(
      { name: 'clock', off: true },
      { name: 'disk', above: '80%' },
      { name: 'dry', watch: 'value', topic: 'a/+', below: 20, clear: 25, for: '5m', severity: 'alarm' },
    );
    expect(rules.map(({ name }) => name)).toEqual(['peer-silent', 'fork', 'bad-tags', 'disk', 'dry']);
    expect(rules.find(({ name }) => name === 'disk')).toMatchObject({
      severity: 'alarm',
      limit: { side: 'above', at: 80, clear: 78, unit: 'percent' },
    });
    expect(rules.at(-1)).toMatchObject({
      forMs: 300_000,
      limit: { side: 'below', at: 20, clear: 25, unit: null },
      topic: 'a/+',
      severity: 'alarm',
    });
  });

  it('may be off altogether', () => {
    expect(readAlerts('off')).toEqual({ ok: true, value: [] });
    expect(readAlerts(false)).toEqual({ ok: true, value: [] });
  });

  it.each([
    ['x', 'alert 1: it must have a name, and say what to watch'],
    [{}, 'alert 1, name: it must be 1 to 32'],
    [{ name: 'Disk!' }, 'alert 1, name: it must be 1 to 32'],
    [{ name: 'test', watch: 'disk' }, 'not "test"'],
    [{ name: 'a' }, 'alert a, watch: it must be one of peer-silent, backlog,'],
    [{ name: 'a', watch: 'discs' }, 'alert a, watch: it must be one of'],
    [{ name: 'disk', watch: 'fork' }, 'alert disk, watch: a rule of this name watches disk'],
    [{ name: 'disk', abov: 3 }, 'alert disk: disk has no key "abov"; is above meant?'],
    [{ name: 'fork', above: 3 }, 'alert fork: fork has no key "above"'],
    [{ name: 'disk', severity: 'bad' }, 'alert disk, severity: it must be alarm or warning'],
    [{ name: 'disk', for: 5 }, 'alert disk, for: it must be a duration'],
    [{ name: 'disk', for: '5' }, 'alert disk, for: it must be a duration'],
    [{ name: 'disk', clearFor: '40d' }, 'alert disk, clearFor: it must be a duration'],
    [{ name: 'disk', off: 'yes' }, 'alert disk, off: it must be true or false'],
    [{ name: 'disk', above: 90, below: '1GB' }, 'alert disk: above or below, not both'],
    [{ name: 'disk', above: '190%' }, 'alert disk, above: it must be a part of the disk'],
    [{ name: 'disk', below: 'much' }, 'alert disk, below: it must be a size'],
    [{ name: 'disk', above: 90, clear: 95 }, 'alert disk, clear: it must not be above the threshold'],
    [{ name: 'disk', clear: 80 }, 'alert disk, clear: it needs above or below'],
    [{ name: 'peer-silent', only: [] }, 'alert peer-silent, only: it must be a list'],
    [{ name: 'peer-silent', only: 'barn' }, 'alert peer-silent, only: it must be a list'],
    [{ name: 'a', watch: 'backlog' }, 'alert a: it needs above, a number of messages, or growing: true'],
    [{ name: 'a', watch: 'backlog', above: -1 }, 'alert a, above: it must be a number'],
    [{ name: 'a', watch: 'topic-silent', for: '5m' }, 'alert a: it needs topic'],
    [{ name: 'a', watch: 'topic-silent', topic: 'a/#' }, 'alert a: it needs for, such as 15m'],
    [{ name: 'a', watch: 'topic-silent', topic: 'a/#/b', for: '5m' }, 'alert a, topic: it must be a filter'],
    [{ name: 'a', watch: 'value', topic: '$alerts/#', above: 1 }, 'alert a, topic: it must be a filter'],
    [{ name: 'a', watch: 'value', topic: 'a' }, 'alert a: it needs above or below, a number'],
    [{ name: 'a', watch: 'value', topic: 'a', above: '3' }, 'alert a, above: it must be a number'],
    [{ name: 'a', watch: 'value', topic: 'a', above: Number.NaN }, 'alert a, above: it must be a number'],
    [
      { name: 'a', watch: 'value', topic: 'a', above: 1, field: 'a..b' },
      'alert a, field: it must be the place',
    ],
  ])('names what is wrong with %j', (rule, reason) => {
    expect(reasonOf(rule)).toContain(reason);
  });

  it('names a list that is none, too long, or has a name twice', () => {
    expect(readAlerts('on')).toMatchObject({ ok: false, reason: expect.stringContaining('off, or a list') });
    expect(readAlerts(Array(65).fill({ name: 'disk' }))).toMatchObject({ ok: false });
    expect(readAlerts([{ name: 'disk' }, { name: 'disk' }])).toEqual({
      ok: false,
      reason: 'two alerts have the name disk',
    });
  });

  it('is rules or a reason, whatever it holds', () => {
    const keys = [
      'name',
      'watch',
      'off',
      'severity',
      'for',
      'clearFor',
      'above',
      'below',
      'clear',
      'only',
      'topic',
      'field',
      'growing',
      'each',
    ];
    const value = fc.oneof(
      fc.constantFrom(
        'disk',
        'value',
        'backlog',
        'topic-silent',
        '5m',
        '90%',
        'a/#',
        'alarm',
        '1GB',
        true,
        3,
        null,
      ),
      fc.jsonValue(),
    );
    const rule = fc.oneof(
      fc.jsonValue(),
      fc.dictionary(fc.oneof(fc.constantFrom(...keys), fc.string()), value),
    );
    fc.assert(
      fc.property(fc.oneof(fc.array(rule), fc.jsonValue()), (setting) => {
        const read = readAlerts(setting);
        if (!read.ok) return read.reason.length > 0;
        return read.value.every(
          ({ name, forMs, limit }) =>
            name !== '' && forMs >= 0 && (limit === null || Number.isFinite(limit.at)),
        );
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('the setting alertWebhook', () => {
  it('is a URL, an object, or a list of both', () => {
    const plain = { secretFile: null, ca: null };
    expect(readWebhooks('https://a.example/x')).toEqual({
      ok: true,
      value: [{ url: 'https://a.example/x', ...plain }],
    });
    expect(readWebhooks('http://127.0.0.1:9/x')).toMatchObject({ ok: true });
    expect(readWebhooks({ url: 'http://192.168.1.5/x', insecure: true })).toMatchObject({ ok: true });
    expect(
      readWebhooks(['https://a.example/', { url: 'https://b.example/', secretFile: '/s' }]),
    ).toMatchObject({
      value: [{ secretFile: null }, { secretFile: '/s' }],
    });
  });

  it.each([
    [7, 'it must be a URL such as'],
    ['ftp://a/b', 'it must be a URL such as'],
    ['http://192.168.1.5/x', 'it must start with https:'],
    ['https://u:p@a.example/', 'no user and password in the URL'],
    [
      { url: 'https://a.example/', secret: 'x' },
      'it has no key "secret": a secret stands in a file of its own',
    ],
    [{ url: 'https://a.example/', insecure: 1 }, 'insecure: it must be true or false'],
    [{ url: 'https://a.example/', secretFile: '' }, 'secretFile: it must be the name of a file'],
    [['https://a.example/', 'https://a.example/'], 'two webhooks have the same url'],
    [['https://a.example/', 'x'], 'webhook 2 must be a URL'],
    [Array(9).fill('https://a.example/'), 'at most 8 webhooks'],
  ])('names what is wrong with %j', (value, reason) => {
    expect(readWebhooks(value)).toMatchObject({ ok: false, reason: expect.stringContaining(reason) });
  });
});
