import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { pages } from './pages.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Pages whose blocks of commands are run, and the test that does it. */
const PLAYED_BY: Readonly<Record<string, string>> = {
  'README.md': 'test/integration/readme-samples.test.ts',
  'docs/alerts.md': 'test/integration/alerts-samples.test.ts',
  'docs/control-api.md': 'test/integration/guides/mqtt-guides.test.ts',
  'docs/guides/esphome.md': 'test/integration/guides/mqtt-guides.test.ts',
  'docs/guides/home-assistant.md': 'test/integration/guides/mqtt-guides.test.ts',
  'docs/guides/node-red.md': 'test/integration/guides/mqtt-guides.test.ts',
  'docs/guides/operations.md': 'test/integration/guides/operations.test.ts',
  'docs/guides/raspberry-pi.md': 'test/integration/guides/raspberry-pi.test.ts',
  'docs/guides/tasmota.md': 'test/integration/guides/mqtt-guides.test.ts',
  'docs/guides/troubleshooting.md': 'test/integration/guides/troubleshooting.test.ts',
  'docs/guides/zigbee2mqtt.md': 'test/integration/guides/mqtt-guides.test.ts',
  'docs/http-api.md': 'test/integration/http-samples.test.ts',
  'docs/install.md': 'test/integration/service/installed-service.test.ts',
  'docs/logs.md': 'test/integration/alerts-samples.test.ts',
  'docs/mqtt.md': 'test/integration/guides/mqtt-guides.test.ts',
  'docs/serial.md': 'test/integration/serial-samples.test.ts',
  'docs/simulate.md': 'test/integration/simulate-samples.test.ts',
};

const read = (page: string) => readFileSync(join(ROOT, page), 'utf8');

/** What stands behind the first fence of each block of shell commands. */
function shellBlocks(page: string): string[] {
  return [...read(page).matchAll(/^```((?:sh|bash|console)\b.*)$/gm)].map(([, info]) => info!);
}

describe('commands on the pages', () => {
  it.each(pages().filter((page) => shellBlocks(page).length > 0))(
    '%s: each is run, or says why not',
    (page) => {
      const left = shellBlocks(page).filter((info) => !/^sh no-run: \S.{9,}$/.test(info));
      if (!(page in PLAYED_BY)) expect(left).toEqual([]);
      else expect(left.filter((info) => info.includes('no-run'))).toEqual([]);
    },
  );

  it('stand in blocks, where a test finds them', () => {
    const indented = pages().filter((page) =>
      /^ {4}(?:sudo |npx )*(?:sedge|npm|mosquitto_\w+) /m.test(read(page)),
    );
    expect(indented).toEqual([]);
  });

  it.each(Object.entries(PLAYED_BY))('%s is played by %s', (page, test) => {
    expect(shellBlocks(page)).not.toEqual([]);
    expect(existsSync(join(ROOT, test))).toBe(true);
    expect(read(test)).toContain(basename(page, '.md'));
  });
});
