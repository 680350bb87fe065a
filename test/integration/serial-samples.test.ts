import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith } from '../firmware/toolchain.ts';
import { PageSamples, ROOT, samplesOf } from './page-samples.ts';

describeWith(['gcc', 'make'], 'docs/serial.md', () => {
  let page: PageSamples;

  beforeAll(async () => {
    page = await PageSamples.make();
  });

  afterAll(() => page.close());

  it('has samples that do what it says, in their order', async () => {
    const printed: string[] = [];
    for (const { info, code } of await samplesOf('docs/serial.md')) {
      if (info === 'sh agent') await page.startAgent(code);
      else if (info === 'sh device') await page.startDevice(code);
      else if (info === 'sh') printed.push(await page.shell(code));
    }
    const [, provisioned, readings, sent] = printed;
    expect(provisioned).toMatch(/uno-1/);
    expect(readings).toMatch(/^demo\/temperature \d+(\.\d)?$/m);
    expect(readings).toMatch(/"origin":\{"device":"[0-9a-f]{16}"/);
    expect(sent).toContain('done');
  });

  it('shows the sketch of the example as it is', async () => {
    const samples = await samplesOf('docs/serial.md');
    const shown = samples.filter(({ info }) => info === 'cpp').map(({ code }) => code.trim());
    const example = 'firmware-bridge/c/examples/TemperatureSensor/TemperatureSensor.ino';
    const sketch = await readFile(join(ROOT, example), 'utf8');
    expect(shown).toHaveLength(1);
    for (const part of shown[0]!.split('\n\n')) expect(sketch).toContain(part);
  });
});
