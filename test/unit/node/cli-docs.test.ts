import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { COMMANDS } from '../../../node/cli.ts';

const PAGE = readFileSync(fileURLToPath(new URL('../../../docs/cli.md', import.meta.url)), 'utf8');

function sectionOf(name: string): string {
  const start = PAGE.indexOf(`\n## \`sedge ${name}\``);
  const end = PAGE.indexOf('\n## ', start + 1);
  return start < 0 ? '' : PAGE.slice(start, end < 0 ? undefined : end);
}

async function optionsOf(name: string): Promise<string[]> {
  const command = new Command(name);
  const { define } = await COMMANDS.find((entry) => entry.name === name)!.load();
  define(command, () => async () => {});
  return command.options.map(({ long }) => long!);
}

describe('docs/cli.md', () => {
  test('names every command', () => {
    const table = PAGE.slice(PAGE.indexOf('## Commands'), PAGE.indexOf('## Exit codes'));
    const named = [...table.matchAll(/`([a-z]+)/g)].map(([, name]) => name!);
    expect(COMMANDS.map(({ name }) => name).filter((name) => !named.includes(name))).toEqual([]);
  });

  test('has every subcommand and every option of "sedge device"', async () => {
    const device = new Command('device');
    const { define } = await COMMANDS.find(({ name }) => name === 'device')!.load();
    define(device, () => async () => {});
    expect(device.commands.length).toBeGreaterThan(5);
    const text = PAGE.slice(PAGE.indexOf('## Commands'), PAGE.indexOf('## Exit codes')) + sectionOf('device');
    for (const command of device.commands) {
      expect(text).toContain(`device ${command.name()}`);
      for (const { long } of command.options) expect(text, command.name()).toContain(long);
    }
  });

  test('has every option of "sedge start"', async () => {
    const section = sectionOf('start');
    const missing = (await optionsOf('start')).filter((option) => !section.includes(`\`${option}`));
    expect(missing).toEqual([]);
  });

  test('has every option of "sedge top"', async () => {
    const section = sectionOf('top');
    const missing = (await optionsOf('top')).filter((option) => !section.includes(`\`${option}`));
    expect(missing).toEqual([]);
  });

  test('has exactly the options of "sedge simulate"', async () => {
    const rows = sectionOf('simulate')
      .split('\n')
      .filter((line) => line.startsWith('| `--'));
    const documented = rows.map((row) => /`(--[a-z]+)/.exec(row)![1]!);
    expect(documented.sort()).toEqual((await optionsOf('simulate')).sort());
  });
});
