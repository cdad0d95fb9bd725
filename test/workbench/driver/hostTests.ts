import { makeHostRunner, type HostTestResult } from '../../../scripts/lib/hostRunner.mjs';
import { Profile } from './profile.js';
import { packagedVsix, sharedBrowser } from './suite.js';

const START_AND_RUN_LIMIT_MS = 170_000;

/**
 * Runs the suites of `test/host` inside the extension host of a real VS Code, with the packaged extension installed as
 * a user would have it. In such a window VS Code shows no notifications and refuses modal dialogs.
 * Rejects when the window reports no result.
 */
export async function runHostTests(): Promise<HostTestResult[]> {
  const runner = makeHostRunner();
  const profile = await Profile.start({ vsix: packagedVsix(), inHostTests: true });
  const context = await (await sharedBrowser()).newContext();
  try {
    const page = await context.newPage();
    const lines: string[] = [];
    const ended = new Promise<number>(done => {
      void page.exposeFunction('codeAutomationExit', (code: number) => {
        done(code);
      });
    });
    await page.exposeFunction('codeAutomationLog', (_type: string, args: unknown) => lines.push(String(args)));
    const remote = (path: string) => `vscode-remote://${profile.server.authority}${path}`;
    const payload = JSON.stringify([
      ['extensionDevelopmentPath', remote(runner.folder)],
      ['extensionTestsPath', remote(runner.testsFile)],
      ['skipWelcome', 'true'],
    ]);
    await page.goto(`${profile.server.url}?${new URLSearchParams({ folder: runner.folder, payload }).toString()}`);
    await withinLimit(ended, () => `The window of the in-host tests did not end.\n${lines.slice(-20).join('\n')}`);
    return runner.results();
  } finally {
    await context.close();
    await profile.stop();
    runner.remove();
  }
}

async function withinLimit<T>(work: Promise<T>, describe: () => string): Promise<T> {
  let limit: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    limit = setTimeout(() => {
      reject(new Error(describe()));
    }, START_AND_RUN_LIMIT_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(limit);
  }
}
