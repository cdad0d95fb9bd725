/**
 * Runs the mocha suites of one kind in a process of its own: `node scripts/mocha.mjs <kind> <result file> [grep]`; only those in the folders
 * that `TEST_FOLDERS` names, divided by commas, or in all but those that it names with a `!` before.
 * Prints them as they pass and writes `{ passed, failed, skipped, failures }`, where `failures` says what failed and why.
 * A process that does not end by itself after the last test is a failure: something was left open.
 */
import { createHook } from 'node:async_hooks';
import { readdirSync, writeFileSync } from 'node:fs';
import { join, resolve, sep } from 'node:path';
import Mocha from 'mocha';

/** A unit test that takes this long is broken; the others start servers, and the workbench ones whole editors. */
const TIMEOUT_MS = { unit: 20_000, workbench: 120_000 };
const DEFAULT_TIMEOUT_MS = 60_000;
/** How long sockets and children may take to close after the last test. */
const END_GRACE_MS = 10_000;

const [kind = '', resultFile = '', grep] = process.argv.slice(2);
const counts = { passed: 0, failed: 0, skipped: 0, failures: [] };
/** Counts something that failed and says so at once: the report at the end never comes where the suites are ended for taking too long. */
function fail(text) {
  counts.failed++;
  counts.failures.push(text);
  console.error(text);
}
process.on('exit', () => writeFileSync(resultFile, JSON.stringify(counts)));

const wanted = (process.env.TEST_FOLDERS ?? '').split(',').filter(Boolean);
const isWanted = name => {
  const [folder] = name.split(sep);
  return wanted.some(one => !one.startsWith('!')) ? wanted.includes(folder) : !wanted.includes(`!${folder}`);
};
const files = readdirSync(join('out', kind), { recursive: true })
  .map(String)
  .filter(isWanted)
  .map(name => resolve('out', kind, name))
  .filter(name => name.endsWith('.test.js'))
  .sort();
/** Where each timer that still runs was started, by its async id: Node tells of a forgotten one only that it is there. */
const timers = new Map();
createHook({
  init(id, type, _trigger, timer) {
    if (type === 'Timeout') timers.set(id, { timer, at: new Error('started') });
  },
  destroy(id) {
    timers.delete(id);
  },
}).enable();

const mocha = new Mocha({
  ui: 'bdd',
  reporter: 'spec',
  color: process.env.FORCE_COLOR !== undefined,
  timeout: TIMEOUT_MS[kind] ?? DEFAULT_TIMEOUT_MS,
  slow: kind === 'unit' ? 200 : 5000,
  forbidOnly: process.env.CI !== undefined,
  ...(grep ? { grep } : {}),
});
for (const file of files) mocha.addFile(file);
await mocha.loadFilesAsync();

const withTests = new Set();
mocha.suite.eachTest(test => withTests.add(test.file));
const empty = files.filter(file => !withTests.has(file));
for (const file of empty) fail(`No test in ${file}`);

mocha
  .run(failures => {
    if (failures > 0 || counts.failed > 0) process.exitCode = 1;
    setTimeout(() => {
      fail(`The tests have ended but their process has not. Still open: ${process.getActiveResourcesInfo()}`);
      for (const { timer, at } of timers.values()) if (timer.hasRef()) console.error(at.stack);
      process.exit(1);
    }, END_GRACE_MS).unref();
  })
  .on('pass', () => counts.passed++)
  .on('fail', (test, error) => fail(`${test.fullTitle()}: ${error.stack ?? error}`))
  .on('pending', () => counts.skipped++);
