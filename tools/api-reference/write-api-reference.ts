import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { ROOT } from './export-list.ts';
import { referencePages } from './reference-pages.ts';

// `npm run docs:api`
for (const { file, text } of referencePages()) {
  mkdirSync(dirname(`${ROOT}${file}`), { recursive: true });
  writeFileSync(`${ROOT}${file}`, text);
  console.log(`${file}: ${text.length} bytes`);
}
