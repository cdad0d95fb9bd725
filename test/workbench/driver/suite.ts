import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium, type Browser, type BrowserContext } from 'playwright-core';
import { Profile, type ProfileOptions } from './profile.js';
import { closePage, Workbench, type WindowOptions } from './workbench.js';

const SCREENSHOTS = join('out', 'screenshots');
const BROWSER_ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--force-color-profile=srgb',
  '--font-render-hinting=none',
];

/** Test files are bundled each by itself, so what they share hangs on the process. */
const shared = globalThis as typeof globalThis & { dgxSparkTestBrowser?: Promise<Browser> | undefined };

/** The VSIX that `npm run package` made. */
export function packagedVsix(): string {
  const { name, version } = JSON.parse(readFileSync('package.json', 'utf8')) as { name: string; version: string };
  const file = join(process.cwd(), 'out', `${name}-${version}.vsix`);
  if (!existsSync(file)) throw new Error(`${file} is missing; run npm run package.`);
  return file;
}

/** The one Chromium of a mocha run; ended after its last test. */
export async function sharedBrowser(): Promise<Browser> {
  shared.dgxSparkTestBrowser ??= chromium.launch({ executablePath: chromiumPath(), args: BROWSER_ARGS });
  return shared.dgxSparkTestBrowser;
}

// a root hook: mocha runs it after the last test of the last file
after(async () => {
  const browser = shared.dgxSparkTestBrowser;
  shared.dgxSparkTestBrowser = undefined;
  await (await browser)?.close();
});

interface Running {
  readonly profile: Profile;
  readonly context: BrowserContext;
}

/** What a workbench suite works with; filled in by the hooks of {@link workbenchSuite}. */
export class Session {
  private current: Running | undefined;

  /** The user and the server of this suite. */
  get profile(): Profile {
    return this.started().profile;
  }

  /** Opens another window of the same user. */
  async open(options: WindowOptions = {}): Promise<Workbench> {
    const { profile, context } = this.started();
    return Workbench.open(context, profile.server.url, options);
  }

  /** Closes every window. */
  async closeWindows(): Promise<void> {
    for (const page of this.started().context.pages()) await closePage(page);
  }

  private started(): Running {
    if (!this.current) throw new Error('The session is there in tests and hooks only.');
    return this.current;
  }

  async start(options: ProfileOptions): Promise<void> {
    const profile = await Profile.start(options);
    const context = await (await sharedBrowser()).newContext();
    this.current = { profile, context };
  }

  async stop(): Promise<void> {
    const { current } = this;
    this.current = undefined;
    await current?.context.close();
    await current?.profile.stop();
  }

  /** Pictures of all windows, and the logs, named after the test. */
  async keepEvidence(title: string): Promise<void> {
    if (!this.current) return;
    const name = title.replace(/[^\w]+/g, '-').slice(0, 100);
    mkdirSync(SCREENSHOTS, { recursive: true });
    writeFileSync(join(SCREENSHOTS, `${name}.log`), this.profile.logs());
    for (const [index, page] of this.current.context.pages().entries()) {
      await page.screenshot({ path: join(SCREENSHOTS, `${name}-${index + 1}.png`) });
    }
  }
}

/**
 * A `describe` with its own user, server and browser context, and the packaged extension installed unless `vsix` says
 * otherwise. Windows stay open from test to test, as a user's do; a failed test leaves pictures and logs in `out/screenshots`.
 */
export function workbenchSuite(title: string, define: (session: Session) => void, options: ProfileOptions = {}): void {
  describe(title, () => {
    const session = new Session();
    before(async function () {
      this.timeout(120_000);
      await session.start({ ...options, vsix: options.vsix ?? packagedVsix() });
    });
    afterEach(async function () {
      const { currentTest } = this;
      if (currentTest?.isFailed()) await session.keepEvidence(currentTest.fullTitle());
    });
    after(async () => {
      await session.stop();
    });
    define(session);
  });
}

function chromiumPath(): string {
  const folders = (process.env['PATH'] ?? '').split(':');
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
  const found =
    process.env['CHROMIUM'] ?? names.flatMap(name => folders.map(folder => join(folder, name))).find(existsSync);
  if (found === undefined) throw new Error('Chromium is missing; on Debian or Ubuntu: apt-get install chromium');
  return found;
}
