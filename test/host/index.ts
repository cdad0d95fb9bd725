import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type Mocha from 'mocha';

/** One line of the result file. */
interface Result {
  readonly title: string;
  readonly state: 'passed' | 'failed' | 'skipped';
  readonly error?: string;
}

/** Written beside this file by whoever starts the tests: where mocha is and where the results go. */
interface Facts {
  readonly mocha: string;
  readonly resultFile: string;
}

/**
 * Runs every `*.host.js` beside this file inside the extension host. VS Code calls it; rejecting makes the window end
 * with an error.
 */
export async function run(): Promise<void> {
  const facts = JSON.parse(readFileSync(join(__dirname, 'facts.json'), 'utf8')) as Facts;
  const MochaClass = createRequire(join(__dirname, 'index.js'))(facts.mocha) as typeof Mocha;
  const mocha = new MochaClass({ ui: 'bdd', timeout: 60_000, reporter: 'dot' });
  const suites = readdirSync(__dirname).filter(name => name.endsWith('.host.js'));
  for (const suite of suites) mocha.addFile(join(__dirname, suite));
  const results: Result[] = [];
  await new Promise<void>(resolve => {
    mocha
      .run(() => {
        resolve();
      })
      .on('pass', test => results.push({ title: test.fullTitle(), state: 'passed' }))
      .on('pending', test => results.push({ title: test.fullTitle(), state: 'skipped' }))
      .on('fail', (test, error: Error) =>
        results.push({ title: test.fullTitle(), state: 'failed', error: error.stack ?? error.message }),
      );
  });
  writeFileSync(facts.resultFile, JSON.stringify(results, null, 2));
  const failed = results.filter(({ state }) => state === 'failed').length;
  if (failed > 0) throw new Error(`${failed} in-host tests failed.`);
}
