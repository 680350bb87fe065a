import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { buildFolder } from './build-program.ts';
import { ARDUINO_BOARDS, buildArduinoParts, buildSketch, exampleSketches } from './build-sketch.ts';
import { buildCortexM, buildSimavrRunner, type Emulator, startQemu, startSimavr } from './emulator.ts';
import { PortHost } from './port-host.ts';
import { describeWith } from './toolchain.ts';

const running: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const one of running.splice(0).reverse()) await one.close();
});

function keep(emulator: Emulator): Emulator {
  running.push({ close: () => emulator.stop() });
  return emulator;
}

async function openHost(emulator: Emulator): Promise<PortHost> {
  const host = new PortHost(emulator.portPath);
  running.push(host);
  await host.open();
  return host;
}

const text = (payload: Uint8Array): string => Buffer.from(payload).toString();

describeWith(['arm-gcc', 'make', 'qemu-arm'], 'over a real pty and serialport, in QEMU', () => {
  it.each(['microbit', 'mps2-an385'] as const)(
    'the %s gets a key, sends readings, obeys, and restarts',
    async (board) => {
      const host = await openHost(keep(await startQemu(board, await buildCortexM(board))));
      await host.next('unprovisioned');
      await host.provision();
      const { device } = await host.next('online');
      expect(device).toMatchObject({ epoch: 1, firmware: 0x100, signs: false });

      const second = await host.next('reading', ({ counter }) => counter === 2);
      expect(second).toMatchObject({ epoch: 1, topic: { name: 'bench/temp', type: 'float', unit: 'Cel' } });
      expect(Number(text(second.payload))).toBeGreaterThanOrEqual(18);
      expect(await host.command('light', true)).toMatchObject({ status: 'done', value: 'true' });
      expect(await host.command('light', 'bright')).toMatchObject({ status: 'bad-arguments' });

      expect(await host.command('restart')).toMatchObject({ status: 'done' });
      const again = await host.next('online', ({ device: { epoch } }) => epoch === 2);
      if (board === 'mps2-an385') expect(again.device.resetCause).toBe('software');
      await host.next('reading', ({ epoch, counter }) => epoch === 2 && counter === 1);
      const counters = host.all('reading').map(({ epoch, counter }) => `${epoch}/${counter}`);
      expect(new Set(counters).size).toBe(counters.length);
      expect(host.all('alarm')).toEqual([]);
      expect(host.all('gap').filter(({ reason }) => reason !== 'reset')).toEqual([]);
    },
  );
});

describeWith(['avr-gcc', 'arduino-core', 'simavr'], 'over a real pty and serialport, in simavr', () => {
  it('a sketch for Arduino gets a key, obeys, and comes back after a reset and with a new process', async () => {
    const [uno] = ARDUINO_BOARDS;
    const sketch = exampleSketches().find((path) => path.endsWith('RelayCommand.ino'))!;
    const program = await buildSketch(sketch, await buildArduinoParts(uno!));
    const runner = await buildSimavrRunner();
    const eeprom = join(mkdtempSync(join(buildFolder(), 'eeprom-')), 'eeprom');

    const emulator = keep(await startSimavr(runner, program, eeprom));
    const host = await openHost(emulator);
    await host.next('unprovisioned');
    await host.provision();
    expect((await host.next('online')).device).toMatchObject({ epoch: 1, mtu: 64 });
    expect(await host.command('relay', true)).toMatchObject({ status: 'done', value: 'true' });
    const reading = await host.next('reading');
    expect(reading).toMatchObject({ epoch: 1, counter: 1, topic: { name: 'pump/relay', type: 'bool' } });
    expect(text(reading.payload)).toBe('true');

    emulator.reset();
    await host.next('online', ({ device: { epoch } }) => epoch === 2);
    const after = await host.next('reading', ({ epoch }) => epoch === 2);
    expect(after).toMatchObject({ counter: 1 });
    expect(text(after.payload)).toBe('false');
    expect(host.all('alarm')).toEqual([]);

    const { device } = host;
    await host.close();
    await emulator.stop();
    const replugged = new PortHost(keep(await startSimavr(runner, program, eeprom)).portPath, device);
    running.push(replugged);
    await replugged.open();
    await replugged.next('online', ({ device: { epoch } }) => epoch === 3);
    await replugged.next('reading', ({ epoch, counter }) => epoch === 3 && counter === 1);
  });
});
