import { readdirSync, readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Node's parser is not the compiler's: it stumbles over `for (const of of ...)`, which is valid. */
it.each(['src', 'node', 'simulations', 'bench', 'packaging', 'tools'])(
  'Node reads every source of %s as it is',
  (folder) => {
    const files = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' });
    const unreadable = files
      .filter((file) => file.endsWith('.ts'))
      .flatMap((file) => {
        try {
          stripTypeScriptTypes(readFileSync(join(ROOT, folder, file), 'utf8'));
          return [];
        } catch (error) {
          return [`${folder}/${file}: ${error instanceof Error ? error.message : error}`];
        }
      });
    expect(unreadable).toEqual([]);
  },
);
