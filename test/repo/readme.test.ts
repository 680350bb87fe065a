import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ERROR_TABLE } from '../../src/errors/index.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const README = readFileSync(join(ROOT, 'README.md'), 'utf8');
const PACKAGE = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>;
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
};

describe('the README', () => {
  it('names every dependency with its reason, and none that is gone', () => {
    const table = README.slice(README.indexOf('## Dependencies'), README.indexOf('## Licence'));
    const rows = table.split('\n').filter((line) => line.startsWith('| `'));
    const named = rows.flatMap((row) =>
      [...row.split('|')[1]!.matchAll(/`([^`]+)`/g)].map(([, name]) => name!),
    );
    const used = [...Object.keys(PACKAGE.dependencies), ...Object.keys(PACKAGE.devDependencies)];
    expect(named.sort()).toEqual(used.sort());
  });

  it('names only npm scripts that exist', () => {
    const scripts = [...README.matchAll(/npm run ([a-z:]+)/g)].map(([, name]) => name!);
    expect(scripts.filter((name) => !(name in PACKAGE.scripts))).toEqual([]);
  });

  it('says where to look only for what exists', () => {
    const map = README.slice(README.indexOf('## Where is X?'), README.indexOf('A layer imports'));
    const paths = [...map.matchAll(/`((?:src|node|test)[^`<]*)(?:<name>\.ts)?`/g)].map(([, path]) => path!);
    expect(paths.length).toBeGreaterThan(5);
    expect(paths.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });
});

describe('docs/errors.md', () => {
  it('is the error table (rewrite it with "npx vitest run --project repo -u")', async () => {
    const rows = Object.entries(ERROR_TABLE).map(
      ([code, { meaning, next }]) => `| \`${code}\` | ${meaning} | ${next} |`,
    );
    const page = [
      '# Error codes',
      '',
      'Codes are stable, texts are not. They come as the `code` of a `SedgeError`, in `{"error":{…}}` with `--json`,',
      'and as names of the counters of `sedge status`.',
      '',
      '| code | what happened | what to do next |',
      '|---|---|---|',
      ...rows,
      '',
    ];
    await expect(page.join('\n')).toMatchFileSnapshot('../../docs/errors.md');
  });
});

describe('package.json', () => {
  it('pins every dependency to one version', () => {
    const versions = Object.values({ ...PACKAGE.dependencies, ...PACKAGE.devDependencies });
    expect(versions.filter((version) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  });
});
