import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeHostRunner, type HostTestResult } from '../../../scripts/lib/hostRunner.mjs';
import { type Spark, startSpark } from '../../spark/spark.js';
import { makeKeyPair } from '../../spark/ssh/keys.js';
import { freePort } from '../../support/sshd.js';
import { sparkConnection, trust } from './connections.js';
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
  const spark = await knownSpark(profile);
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
    await spark.close();
    runner.remove();
  }
}

/** A simulated Spark that the user of the profile can log in to with nothing but `spark.json` in the home folder. */
async function knownSpark(profile: Profile): Promise<Spark> {
  const key = makeKeyPair('spark');
  const spark = await startSpark({ authorizedKeys: [key.publicKey], chunks: 40, chunkDelayMs: 15 });
  const sshKeyPath = join(profile.home, '.ssh', 'id_spark');
  writeFileSync(sshKeyPath, key.privateKey, { mode: 0o600 });
  trust(profile, spark);
  const connection = sparkConnection('spark-1', spark, { authMethod: 'key', sshKeyPath });
  writeFileSync(join(profile.home, 'spark.json'), JSON.stringify(connection));
  profile.writeSettings({ ...profile.readSettings(), 'dgxSpark.ollama.localPort': await freePort() });
  return spark;
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
