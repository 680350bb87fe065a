import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { leftOutLine, toolPackages } from './toolchain.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

it('says nothing where every tool is there', () => {
  expect(leftOutLine([])).toBeUndefined();
});

it('says in one line what is left out, why, and what to install', () => {
  const line = leftOutLine(['avr-gcc', 'qemu-arm'])!;
  expect(line).not.toContain('\n');
  expect(line).toContain('the firmware of the Uno (no avr-gcc), running the Cortex-M firmware (no qemu-arm)');
  expect(line).toContain('sudo apt-get install gcc-avr avr-libc binutils-avr qemu-system-arm');
});

it('names each package once, though two tools come with it', () => {
  expect(leftOutLine(['clang', 'libfuzzer'])).toMatch(/install clang libclang-rt-14-dev$/);
});

it('has every package of its tools installed by CI', () => {
  const script = readFileSync(join(ROOT, '.ci/toolchain'), 'utf8');
  const missing = toolPackages().filter((name) => !new RegExp(`(^|\\s)${name}(\\s|$)`, 'm').test(script));
  expect(missing).toEqual([]);
});
