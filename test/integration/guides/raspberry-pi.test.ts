import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { describeWith } from '../../firmware/toolchain.ts';
import { ROOT } from '../page-samples.ts';
import { GuideMachines } from './guide-machine.ts';
import { GuidePage } from './guide-page.ts';

const run = promisify(execFile);

describeWith(['gcc', 'make', 'mosquitto', 'curl'], 'docs/guides/raspberry-pi.md', () => {
  it('leads from two machines to a sensor on both of them', async ({ onTestFinished }) => {
    const machines = await GuideMachines.make({ gateway: { doors: true }, barn: { doors: true } });
    onTestFinished(() => machines.close());
    const barn = machines.get('barn');
    const build = join(barn.home, 'build');
    await run('make', ['-C', 'firmware-bridge/c/ports/posix', `BUILD=${build}`], { cwd: ROOT });
    await barn.startDevice('~/build/virtual-device --pty ~/dev/ttyUSB0 --nv ~/uno.nv');
    const page = new GuidePage('docs/guides/raspberry-pi.md', machines);
    await page.all();
    expect(page.left()).toEqual([]);
  }, 300_000);
});
