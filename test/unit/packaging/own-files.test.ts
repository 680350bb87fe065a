import { describe, expect, it } from 'vitest';
import { rewriteOwnFiles } from '../../../packaging/own-files.ts';

describe('files that a source names', () => {
  it('are found from the root of the package', () => {
    const source = "readFileSync(new URL('./data/a.csv', import.meta.url))";
    expect(rewriteOwnFiles('node/demo/readings.ts', source)).toEqual({
      text: "readFileSync(new URL('node/demo/data/a.csv', __sedgePackageRoot))",
      files: [{ source: 'node/demo/data/a.csv', packed: 'node/demo/data/a.csv', isEntry: false }],
    });
  });

  it('are a whole folder where a template names them', () => {
    const source = ['new URL(`page/', '{name}`, import.meta.url)'].join('$');
    const { text, files } = rewriteOwnFiles('simulations/report/x.ts', source);
    expect(text).toBe(['new URL(`simulations/report/page/', '{name}`, __sedgePackageRoot)'].join('$'));
    expect(files).toEqual([
      { source: 'simulations/report/page/', packed: 'simulations/report/page/', isEntry: false },
    ]);
  });

  it('are outputs of the bundle where they are modules', () => {
    const { text } = rewriteOwnFiles(
      'node/demo/centre.ts',
      "new URL(\n  './centre-main.ts',\n  import.meta.url,\n)",
    );
    expect(text).toBe("new URL('lib/node-demo-centre-main.js', __sedgePackageRoot)");
  });

  it('are taken along where they belong to another package', () => {
    const source = "new URL('../../node_modules/uplot/dist/uPlot.min.css', import.meta.url)";
    expect(rewriteOwnFiles('node/dashboard/assets.ts', source).files).toEqual([
      {
        source: 'node_modules/uplot/dist/uPlot.min.css',
        packed: 'vendor/uplot/dist/uPlot.min.css',
        isEntry: false,
      },
    ]);
  });
});

describe('what the bundle could not find', () => {
  it.each(['import.meta.dirname', 'new URL(name, import.meta.url)'])('%s ends the build', (source) => {
    expect(() => rewriteOwnFiles('node/x.ts', source)).toThrow(
      'node/x.ts: the bundle knows import.meta only',
    );
  });

  it('a template without a folder ends the build', () => {
    const source = ['new URL(`', '{name}`, import.meta.url)'].join('$');
    expect(() => rewriteOwnFiles('node/x.ts', source)).toThrow('names no folder');
  });
});
