import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gatherSettings } from '../../node/config/index.ts';
import { PageSamples, samplesOf } from './page-samples.ts';

describe('docs/alerts.md', () => {
  let page: PageSamples;

  beforeAll(async () => {
    page = await PageSamples.make();
  });

  afterAll(() => page.close());

  it('has samples that do what it says, in their order', async () => {
    const printed: string[] = [];
    for (const { info, code } of await samplesOf('docs/alerts.md')) {
      if (info === 'sh agent') await page.startAgent(code);
      else if (info === 'sh') printed.push(await page.shell(code));
    }
    expect(printed).toHaveLength(2);
    expect(printed[1]).toContain('$alerts: published\n');
    expect(printed[1]).toContain('This is a test.');
  });

  it('has rules and a webhook that an agent takes', async () => {
    const yaml = (await samplesOf('docs/alerts.md')).filter(({ info }) => info === 'yaml alerts');
    expect(yaml).toHaveLength(1);
    await writeFile(join(page.home, 'sedge.yaml'), yaml[0]!.code);
    const { mistakes, effective } = await gatherSettings(page.home, {});
    expect(mistakes).toEqual([]);
    expect([...effective.keys()]).toEqual(['alerts', 'alertWebhook']);
  });
});
