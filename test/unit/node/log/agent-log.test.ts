import { describe, expect, it, vi } from 'vitest';
import { AgentLog, type LogFormat, type LogLevels, readLogLevels } from '../../../../node/log/index.ts';

function logTo(format: LogFormat, levels: LogLevels = {}) {
  const written: string[] = [];
  const log = new AgentLog({ level: 'info', levels, format }, { write: (text) => written.push(text) });
  return { log, written, objects: () => written.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

describe('a log line', () => {
  it('is one object with time, level, part, fields and a fixed sentence', () => {
    const { log, objects } = logTo('json');
    log.info({ a: 1 }, 'something happened');
    log.part('sync').warn({ peer: 'b' }, 'a pull failed');
    expect(objects()).toEqual([
      {
        level: 'info',
        time: expect.stringMatching(/^\d{4}-.*Z$/),
        part: 'agent',
        a: 1,
        msg: 'something happened',
      },
      { level: 'warn', time: expect.any(String), part: 'sync', peer: 'b', msg: 'a pull failed' },
    ]);
  });

  it('is a sentence with its facts on a terminal, where nobody can move the cursor', () => {
    const { log, written } = logTo('terminal');
    log.part('mqtt').warn({ client: 'x\u001b[2J\nerror forged', n: 2 }, 'an MQTT client was refused');
    expect(written).toHaveLength(1);
    expect(written[0]).toMatch(
      /^\d\d:\d\d:\d\d warn {2}mqtt: an MQTT client was refused \(client: "x\\u001b\[2J\\nerror forged", n: 2\)\n$/,
    );
  });

  it('has its priority before it and no time in the journal of systemd', () => {
    const { log, written } = logTo('journald', { overlay: 'debug' });
    log.info({}, 'the agent is ready');
    log.error({ code: 'x' }, 'the disk takes no entries');
    log.part('overlay').warn({}, 'gossip could not publish');
    log.part('overlay').debug({ stack: 'a\nb' }, 'a dial failed');
    expect(written).toEqual([
      '<6>agent: the agent is ready\n',
      '<3>agent: the disk takes no entries (code: x)\n',
      '<4>overlay: gossip could not publish\n',
      '<7>overlay: a dial failed (stack: "a\\nb")\n',
    ]);
  });
});

describe('levels', () => {
  it('are of parts, and change while the agent runs', () => {
    const { log, objects } = logTo('json', { sync: 'debug', mqtt: 'silent' });
    const sync = log.part('sync');
    const lines = () =>
      objects()
        .splice(0)
        .map(({ msg }) => msg);
    sync.debug({}, 'one');
    log.debug({}, 'not this');
    log.part('mqtt').error({}, 'nor this');
    expect(lines()).toEqual(['one']);
    log.setLevels({ sync: 'error', agent: 'debug' });
    sync.warn({}, 'nor that');
    log.debug({}, 'two');
    expect(lines()).toEqual(['one', 'two']);
    expect(log.levels).toMatchObject({ sync: 'error', agent: 'debug', mqtt: 'silent', journal: 'info' });
  });

  it('of a part of a part are those of that part', () => {
    const { log, objects } = logTo('json');
    log.part('mesh').part!('journal').info({}, 'x');
    log.part('unknown').info({}, 'y');
    expect(objects().map(({ part }) => part)).toEqual(['journal', 'agent']);
  });

  it.each([
    [['sync=debug', 'mqtt=warn'], { sync: 'debug', mqtt: 'warn' }],
    [{ sync: 'debug' }, { sync: 'debug' }],
    [
      ['all=error', 'sync=debug'],
      expect.objectContaining({ sync: 'debug', journal: 'error', agent: 'error' }),
    ],
    [[], {}],
  ])('are read from %j', (value, levels) => {
    expect(readLogLevels(value)).toEqual({ ok: true, value: levels });
  });

  it.each([
    ['sync=debug', 'it must say parts'],
    [['sinc=debug'], 'there is no part "sinc"; there are all, agent, mesh'],
    [['sync'], 'the level of sync must be one of debug,'],
    [{ sync: 'loud' }, 'the level of sync must be one of'],
    [{ __proto__x: 'debug' }, 'there is no part'],
  ])('say what is wrong with %j', (value, reason) => {
    expect(readLogLevels(value)).toMatchObject({ ok: false, reason: expect.stringContaining(reason) });
  });
});

describe('a flood', () => {
  it('is cut to a few lines of its kind, tells how many were left out, and leaves other lines alone', () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'performance'] });
    try {
      const { log, objects } = logTo('json');
      for (let n = 0; n < 10_000; n++) log.part('mqtt').info({ n }, 'an MQTT client was refused');
      log.part('mqtt').info({}, 'MQTT clients may connect');
      log.part('http').info({}, 'an MQTT client was refused');
      expect(objects()).toHaveLength(22);
      vi.advanceTimersByTime(10_000);
      log.part('mqtt').info({ n: 10_000 }, 'an MQTT client was refused');
      log.part('mqtt').info({ n: 10_001 }, 'an MQTT client was refused');
      expect(objects().at(-1)).toMatchObject({ n: 10_000, suppressed: 9_980 });
      vi.advanceTimersByTime(60_000);
      expect(objects().at(-1)).toMatchObject({
        msg: 'lines were left out',
        of: 'an MQTT client was refused',
        suppressed: 1,
        part: 'mqtt',
      });
      vi.advanceTimersByTime(600_000);
      expect(objects()).toHaveLength(24);
    } finally {
      vi.useRealTimers();
    }
  });

  it('is not cut where somebody asked for every line', () => {
    const { log, written } = logTo('json', { sync: 'debug' });
    for (let n = 0; n < 100; n++) log.part('sync').debug({ n }, 'a pull failed');
    expect(written).toHaveLength(100);
  });
});
