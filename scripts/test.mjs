/**
 * `npm test`: everything that proves this project, from a fresh clone on. `npm test -- unit integration` runs only
 * these parts, `--grep TEXT` only tests whose title contains it. At the end it says once more what failed; the last line
 * adds all up: `N passed, N failed`.
 */
import { existsSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ensureDependencies } from './lib/dependencies.mjs';
import { ensurePrograms } from './lib/programs.mjs';
import { endAll, run } from './lib/run.mjs';
import { ensureVsCodeServer, serverIsInstalled } from './lib/vscodeServer.mjs';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));

// children write into a pipe, so they cannot see for themselves that somebody is watching
if (process.stdout.isTTY && process.env.NO_COLOR === undefined) process.env.FORCE_COLOR ??= '1';

const MINUTE = 60_000;
const bin = (module, ...args) => [process.execPath, [join('node_modules', module), ...args]];

/** Checks that need no build; each counts as one test. */
const CHECKS = {
  format: [bin('prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '.')],
  lint: [
    bin('eslint/bin/eslint.js', '.', '--max-warnings', '0'),
    bin(
      'dependency-cruiser/bin/dependency-cruise.mjs',
      '--config',
      '.dependency-cruiser.mjs',
      'src',
      'webview',
      'test',
    ),
  ],
  types: typePrograms().map(program => bin('typescript/bin/tsc', '-p', program)),
};

/**
 * Kinds of mocha suites: what each needs of the system, after how long it has hung, what it waits for, and the folders of the processes that it is
 * run in at once, where it is more than one (the first has what no other names).
 */
const SUITES = {
  unit: { programs: [], limitMs: 5 * MINUTE },
  integration: {
    programs: ['sshd', 'ssh', 'dropbear', 'puttygen', 'authenticator', 'sqlite3'],
    limitMs: 15 * MINUTE,
    after: ['unit'],
    parts: [[], ['engine', 'jobs', 'containers', 'notify', 'ollama', 'store']],
  },
  webview: { programs: ['chromium'], limitMs: 12 * MINUTE, after: ['unit'] },
  workbench: {
    programs: ['chromium', 'sshd', 'ssh', 'sqlite3'],
    limitMs: 14 * MINUTE,
    editor: true,
    after: ['integration', 'webview', 'checks'],
  },
};

const { values, positionals } = parseArgs({ options: { grep: { type: 'string' } }, allowPositionals: true });
const known = [...Object.keys(CHECKS), ...Object.keys(SUITES)];
const unknown = positionals.filter(name => !known.includes(name));
if (unknown.length > 0) {
  console.error(`There is no ${unknown.join(', ')}; choose from ${known.join(', ')}.`);
  process.exit(2);
}
const chosen = name => positionals.length === 0 || positionals.includes(name);
const total = { passed: 0, failed: 0, skipped: 0 };
/** What failed and why, to be said at the end too: suites that run at once hide it in each other's output. */
const failures = [];

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    endAll();
    process.exit(130);
  });
}

await main();
for (const failure of failures) console.log(`\n${failure}`);
const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
console.log(`${total.passed} passed, ${total.failed} failed${skipped}`);
process.exit(total.failed > 0 ? 1 : 0);

async function main() {
  if (!(await step('dependencies', () => ensureDependencies(say), { counts: false }))) return;
  const suites = [];
  for (const [kind, suite] of Object.entries(SUITES).filter(([name]) => chosen(name))) {
    const ready = await step(`what ${kind} tests need`, () => prepare(suite), { counts: false });
    if (ready) suites.push([kind, suite]);
  }
  // none of them says anything unless it fails
  const checks = Object.entries(CHECKS).filter(([name]) => chosen(name));
  if (suites.length === 0) {
    await Promise.all(checks.map(([name, commands]) => step(name, () => runAll(commands))));
    return;
  }
  if (!(await step('build', () => runAll([[process.execPath, ['esbuild.mjs', '--tests']]])))) return;
  // in-host and workbench tests run what users get
  const packed =
    suites.some(([, suite]) => suite.editor) &&
    (await step('package', () => runAll([[process.execPath, ['scripts/package.mjs']]])));
  const ready = suites.filter(([, suite]) => !suite.editor || packed);
  const running = new Map();
  const checkOneByOne = async () => {
    for (const [name, commands] of checks) await step(name, () => runAll(commands));
  };
  // integration tests mostly wait for programs and networks; the panel's are run beside them
  for (const [kind, suite] of ready) {
    await Promise.all((suite.after ?? []).map(other => running.get(other)));
    // of two that run at once, one is shown as it goes and the other when it has ended
    const live = ready.length === 1 || kind !== 'webview';
    running.set(kind, runSuite(kind, suite, live));
    // the integration tests still wait when the panel's have ended: what only reckons is done meanwhile, one after the other
    if (kind === 'webview') running.set('checks', running.get(kind).then(checkOneByOne));
  }
  if (!running.has('checks')) await checkOneByOne();
  await Promise.all(running.values());
}

/** TypeScript programs of this project that have something to check. */
function typePrograms() {
  const hasSource = folder =>
    existsSync(join(folder, 'tsconfig.json')) &&
    readdirSync(folder, { recursive: true }).some(name => /\.tsx?$/.test(String(name)));
  return ['.', ...['webview', 'src/shared', 'test/webview', 'test/workbench'].filter(hasSource)];
}

/** Does something and counts it as one test; what does not count is told only when it fails. Answers whether it went well. */
async function step(name, work, { counts = true } = {}) {
  if (counts) say(name);
  const started = Date.now();
  try {
    await work();
    if (!counts) return true;
    total.passed++;
    say(`${name}: passed (${seconds(started)})`);
    return true;
  } catch (error) {
    fail(`${name}: FAILED (${seconds(started)}): ${error.message}`);
    return false;
  }
}

async function runAll(commands) {
  const failed = [];
  for (const [command, args] of commands) {
    const { code } = await run(command, args, { limitMs: 10 * MINUTE });
    if (code !== 0) failed.push(args.map(arg => arg.replace(/^node_modules./, '')).join(' '));
  }
  if (failed.length > 0) throw new Error(failed.join('; '));
}

async function prepare({ programs, editor }) {
  await ensurePrograms(programs, say);
  if (!editor) return;
  if (!serverIsInstalled()) await ensurePrograms(['compiler', 'libraries'], say);
  await ensureVsCodeServer(say);
}

async function runSuite(kind, { limitMs, parts = [[]] }, live) {
  say(`${kind} tests`);
  const started = Date.now();
  if (!hasTests(kind)) {
    fail(`${kind}: FAILED: there is no test in out/${kind}`);
    return;
  }
  const ends = parts.map((folders, index) => {
    const others = parts.flat().map(folder => `!${folder}`);
    return runPart(kind, folders.length > 0 ? folders : others, { limitMs, number: index, live: live && index === 0 });
  });
  const counted = { passed: 0, failed: 0, skipped: 0 };
  for (const counts of await Promise.all(ends)) for (const key of Object.keys(counted)) counted[key] += counts[key];
  for (const key of Object.keys(total)) total[key] += counted[key];
  say(`${kind}: ${counted.passed} passed, ${counted.failed} failed (${seconds(started)})`);
}

/** Runs the tests of some folders of a kind in a process of their own; of all but those that begin with `!`. */
async function runPart(kind, folders, { limitMs, number, live }) {
  const resultFile = join(tmpdir(), `dgx-spark-${kind}-${process.pid}-${number}.json`);
  rmSync(resultFile, { force: true });
  const args = ['--enable-source-maps', 'scripts/mocha.mjs', kind, resultFile, ...(values.grep ? [values.grep] : [])];
  const env = { TEST_FOLDERS: folders.join(',') };
  const { code, output, timedOut } = await run(process.execPath, args, {
    limitMs,
    env,
    show: live ? 'all' : 'nothing',
  });
  if (!live) process.stdout.write(output);
  const counts = existsSync(resultFile)
    ? JSON.parse(readFileSync(resultFile, 'utf8'))
    : { passed: 0, failed: 0, skipped: 0, failures: [] };
  rmSync(resultFile, { force: true });
  failures.push(...counts.failures);
  if (code !== 0 && counts.failed === 0) {
    fail(`${kind}: FAILED: ${timedOut ? `ended after ${limitMs / MINUTE} minutes` : `ended with ${code}`}`);
  }
  return counts;
}

function hasTests(kind) {
  const folder = join('out', kind);
  return existsSync(folder) && readdirSync(folder, { recursive: true }).some(name => String(name).endsWith('.test.js'));
}

function fail(line) {
  total.failed++;
  failures.push(line);
  say(line);
}

function say(line) {
  console.log(`[test] ${line}`);
}

function seconds(since) {
  return `${((Date.now() - since) / 1000).toFixed(1)} s`;
}
