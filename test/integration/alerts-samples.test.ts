import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gatherSettings } from '../../node/config/index.ts';
import { PageSamples, samplesOf } from './page-samples.ts';

describe('docs/alerts.md and docs/logs.md', () => {
  let page: PageSamples;

  beforeAll(async () => {
    page = await PageSamples.make();
  });

  afterAll(() => page.close());

  it('have samples that do what it says, in their order', async () => {
    const printed: string[] = [];
    for (const { info, code } of await samplesOf('docs/alerts.md')) {
      if (info === 'sh agent') await page.startAgent(code);
      else if (info === 'sh') printed.push(await page.shell(code));
    }
    expect(printed).toHaveLength(2);
    expect(printed[1]).toContain('$alerts: published\n');
    expect(printed[1]).toContain('This is a test.');
    // Of the agent that runs.
    const levels = (await samplesOf('docs/logs.md')).filter(({ info }) => info === 'sh');
    expect(levels).toHaveLength(1);
    expect(await page.shell(levels[0]!.code)).toMatch(/^sync +debug$/m);
  });

  it.each([
    ['alerts', ['alerts', 'alertWebhook']],
    ['logs', ['logLevel', 'logLevels']],
  ])('have settings of %s that an agent takes', async (name, keys) => {
    const yaml = (await samplesOf(`docs/${name}.md`)).filter(({ info }) => info === `yaml ${name}`);
    expect(yaml).toHaveLength(1);
    await writeFile(join(page.home, 'sedge.yaml'), yaml[0]!.code);
    const { mistakes, effective } = await gatherSettings(page.home, {});
    expect(mistakes).toEqual([]);
    expect([...effective.keys()]).toEqual(keys);
  });
});
