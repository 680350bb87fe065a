import { cp, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Plugin } from 'esbuild';
import { PACKAGE_ROOT } from './own-files.ts';

const PACKAGE = '@serialport/bindings-cpp';
/** Where the package has the native code, from its folder. */
const PACKED = `vendor/${PACKAGE}`;
/** Systems whose prebuilt code goes along; elsewhere a serial port cannot be opened, and all else works. */
const PACKED_SYSTEMS = /^(?:linux|darwin)-/;
const OWN_FOLDER = "(0, path_1.join)(__dirname, '../')";

/** Lets the JavaScript of the serial bindings, which is in the bundle, find its prebuilt code in the package. */
export function serialBindingsPlugin(): Plugin {
  return {
    name: 'serial-bindings',
    setup({ onLoad }) {
      onLoad({ filter: /bindings-cpp\/dist\/serialport-bindings\.js$/ }, async ({ path }) => {
        const text = await readFile(path, 'utf8');
        if (!text.includes(OWN_FOLDER))
          throw new Error(`${path} finds its native code in another way than known`);
        const packed = `require('node:url').fileURLToPath(new URL('${PACKED}', ${PACKAGE_ROOT}))`;
        return { contents: text.replace(OWN_FOLDER, packed), loader: 'js' };
      });
    },
  };
}

/** Copies that code. */
export async function copySerialBindings(root: string, outdir: string): Promise<void> {
  const prebuilds = join(root, 'node_modules', PACKAGE, 'prebuilds');
  const systems = (await readdir(prebuilds)).filter((system) => PACKED_SYSTEMS.test(system));
  for (const system of systems) {
    await cp(join(prebuilds, system), join(outdir, PACKED, 'prebuilds', system), { recursive: true });
  }
}
