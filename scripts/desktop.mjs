/**
 * `npm run test:desktop`: the in-host suites of `test/host` in a desktop VS Code that `@vscode/test-electron` downloads,
 * with the packaged extension installed. Needs the download site of VS Code and, on Linux, a display (`xvfb-run` will do).
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureDependencies } from './lib/dependencies.mjs';
import { downloadedVsCode, rootArguments, whyNoDesktop } from './lib/desktopVsCode.mjs';
import { makeHostRunner } from './lib/hostRunner.mjs';
import { run } from './lib/run.mjs';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));

try {
  const results = await main();
  for (const { title, state, error } of results) console.log(`${state}: ${title}${error ? `\n${error}` : ''}`);
  const count = wanted => results.filter(({ state }) => state === wanted).length;
  console.log(`${count('passed')} passed, ${count('failed')} failed`);
  process.exit(count('failed') > 0 || count('passed') === 0 ? 1 : 0);
} catch (error) {
  console.error(`[desktop] ${error.message}`);
  process.exit(1);
}

async function main() {
  await ensureDependencies(say);
  const noDesktop = whyNoDesktop();
  if (noDesktop) throw new Error(`A desktop VS Code cannot run here: ${noDesktop}. On a server use xvfb-run.`);
  say('downloading VS Code (once)');
  const code = await downloadedVsCode().catch(error => {
    throw new Error(`VS Code could not be downloaded: ${error.message}. This run needs its download site.`);
  });
  say('building');
  for (const args of [['esbuild.mjs', '--tests'], ['scripts/package.mjs']]) {
    const { code: failed } = await run(process.execPath, args, { show: 'failure' });
    if (failed) throw new Error(`${args[0]} failed; see above.`);
  }
  const { name, version } = JSON.parse(readFileSync('package.json', 'utf8'));
  const profile = mkdtempSync(join(tmpdir(), 'dgx-desk-'));
  const own = ['--user-data-dir', join(profile, 'data'), '--extensions-dir', join(profile, 'extensions')];
  const runner = makeHostRunner();
  try {
    const vsix = resolve('out', `${name}-${version}.vsix`);
    const installed = await code.run([...own, '--force', '--install-extension', vsix]);
    if (installed.code !== 0) throw new Error(`VS Code did not install the extension:\n${installed.output}`);
    await runInside(code.executable, runner, own);
    return runner.results();
  } finally {
    runner.remove();
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function runInside(executable, runner, own) {
  const { default: testElectron } = await import('@vscode/test-electron');
  say('running the in-host tests');
  await testElectron
    .runTests({
      vscodeExecutablePath: executable,
      reuseMachineInstall: true,
      extensionDevelopmentPath: runner.folder,
      extensionTestsPath: runner.testsFile,
      launchArgs: [...own, ...rootArguments(), '--disable-workspace-trust', '--skip-welcome', '--skip-release-notes'],
    })
    .catch(error => {
      // failed tests end the window with an error too; their results are in the file
      if (!(error instanceof testElectron.TestRunFailedError)) throw error;
    });
}

function say(line) {
  console.log(`[desktop] ${line}`);
}
