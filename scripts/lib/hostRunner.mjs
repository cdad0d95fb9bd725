/** The folder that VS Code takes for an extension under development when it runs the suites of `test/host`. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/**
 * Makes a temporary folder that holds the built in-host tests and nothing of the product.
 * @returns its path, the file that exports `run()`, and functions that read the results and remove it
 */
export function makeHostRunner() {
  const folder = mkdtempSync(join(tmpdir(), 'dgx-host-'));
  const manifest = { name: 'host-test-runner', publisher: 'tests', version: '0.0.1', engines: { vscode: '*' } };
  const resultFile = join(folder, 'results.json');
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
  cpSync(resolve('out', 'host'), join(folder, 'host'), { recursive: true });
  const facts = { mocha: resolve('node_modules', 'mocha'), resultFile };
  writeFileSync(join(folder, 'host', 'facts.json'), JSON.stringify(facts));
  return {
    folder,
    testsFile: join(folder, 'host', 'index.js'),
    results: () => JSON.parse(readFileSync(resultFile, 'utf8')),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
