import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith } from '../firmware/toolchain.ts';
import { PageSamples, samplesOf } from './page-samples.ts';

let page: PageSamples;

beforeAll(async () => {
  page = await PageSamples.make();
});

afterAll(() => page.close());

describeWith(['curl', 'openssl'], 'docs/http-api.md', () => {
  it('has samples that do what it says, in their order', async () => {
    const samples = await samplesOf('docs/http-api.md');
    const runs = samples.filter(({ info }) => info.startsWith('sh'));
    expect(runs.map(({ info }) => info)).toContain('sh agent');
    for (const { info, code } of runs) {
      if (info === 'sh agent') await page.startAgent(code);
      else if (info === 'sh stream') await page.watch(code, /^data: .*"topic":"a\/b"/m);
      else expect(await page.shell(code), code).not.toBe('');
    }
  });
});
