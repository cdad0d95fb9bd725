import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import { Notifications } from './notifications.js';
import { poll, type Match, contains } from './poll.js';
import { QuickInput } from './quickInput.js';
import { Themes } from './themes.js';
import { Views } from './views.js';
import { Webviews } from './webviews.js';

const START_LIMIT_MS = 90_000;
const VIEWPORT = { width: 1280, height: 800 };

/** An item of the status bar. */
export interface StatusItem {
  /** `<extension id>.<item id>` for an extension's item. */
  readonly id: string;
  readonly text: string;
  /** What a screen reader says. */
  readonly label: string;
}

/** How to open a window. */
export interface WindowOptions {
  /** Absolute path of the folder to open; an empty window without. */
  readonly folder?: string;
  /** VS Code's own parameters, e.g. of in-host tests. */
  readonly payload?: readonly (readonly [string, string])[];
}

/** One VS Code window: a page of the browser with an extension host of its own. */
export class Workbench {
  readonly quickInput: QuickInput;
  readonly views: Views;
  readonly notifications: Notifications;
  readonly webviews: Webviews;
  readonly themes: Themes;

  private constructor(readonly page: Page) {
    this.quickInput = new QuickInput(page);
    this.views = new Views(page);
    this.notifications = new Notifications(page, title => this.run(title));
    this.webviews = new Webviews(page);
    this.themes = new Themes(page, this.quickInput);
  }

  /**
   * Opens a window. Windows of one context share secrets and global state, as a desktop's do; secrets stored by one are
   * seen by another only after its reload.
   * @param url of the server, ending with `/`
   */
  static async open(context: BrowserContext, url: string, { folder, payload }: WindowOptions = {}): Promise<Workbench> {
    const page = await context.newPage();
    await page.setViewportSize(VIEWPORT);
    const query = new URLSearchParams(folder ? { folder } : { ew: 'true' });
    if (payload) query.set('payload', JSON.stringify(payload));
    await page.goto(`${url}?${query.toString()}`, { timeout: START_LIMIT_MS });
    const workbench = new Workbench(page);
    await workbench.ready();
    return workbench;
  }

  /** Waits until the window is drawn; extensions may still be starting. */
  async ready(): Promise<void> {
    await this.page.locator('.monaco-workbench').waitFor({ timeout: START_LIMIT_MS });
    await this.page.locator('.part.statusbar .statusbar-item').first().waitFor({ timeout: START_LIMIT_MS });
    const entries = this.page.locator('.part.activitybar .action-item');
    await poll(this.page, async () => (await entries.count()) > 3, 'the activity bar', START_LIMIT_MS);
  }

  /** Runs a command from the palette by its full title (`Category: Title`). */
  async run(title: string): Promise<void> {
    await this.quickInput.run(title);
  }

  /** Reloads the window, which is what its command does in a browser. */
  async reload(): Promise<void> {
    await this.page.reload();
    await this.ready();
  }

  /** Closes the window; its extension host ends soon after. */
  async close(): Promise<void> {
    await closePage(this.page);
  }

  /** Waits until `ask` answers something truthy. */
  async until<T>(ask: () => Promise<T | false | null | undefined>, what: string, limitMs?: number): Promise<T> {
    return poll(this.page, ask, what, limitMs);
  }

  async statusItems(): Promise<StatusItem[]> {
    return this.page.locator('.part.statusbar .statusbar-item').evaluateAll((items: HTMLElement[]) =>
      items.map(item => ({
        id: item.id,
        text: item.innerText.trim(),
        label: (item.querySelector('[aria-label]') ?? item).getAttribute('aria-label') ?? '',
      })),
    );
  }

  /** Waits for a status bar item whose text or label contains `match`. */
  async statusItem(match: Match, limitMs?: number): Promise<StatusItem> {
    const find = async () =>
      (await this.statusItems()).find(item => contains(item.text, match) || contains(item.label, match));
    return poll(this.page, find, `the status bar item ${String(match)}`, limitMs);
  }

  /** Clicks the status bar item whose text contains `match`. */
  async statusClick(match: Match): Promise<void> {
    await this.statusItem(match);
    await this.page.locator('.part.statusbar .statusbar-item').filter({ hasText: match }).first().click();
  }

  /** Titles of the open editors; `active` of the one in front. */
  async tabs(): Promise<{ label: string; active: boolean }[]> {
    return this.page.locator('.part.editor .tab').evaluateAll((tabs: HTMLElement[]) =>
      tabs.map(tab => ({
        label: tab.getAttribute('aria-label') ?? tab.innerText,
        active: tab.classList.contains('active'),
      })),
    );
  }

  /** Waits for an editor tab. */
  async tab(match: Match): Promise<void> {
    await poll(
      this.page,
      async () => (await this.tabs()).some(tab => contains(tab.label, match)),
      `the editor tab ${String(match)}`,
    );
  }

  /** Brings an editor tab to the front. */
  async showTab(match: Match): Promise<void> {
    await this.tab(match);
    await this.page.locator('.part.editor .tab').filter({ hasText: match }).first().click();
  }

  /** Writes a picture of the window as PNG, without moving parts. */
  async screenshot(file: string): Promise<void> {
    await this.page.evaluate(() => document.fonts.ready.then(() => true));
    mkdirSync(dirname(file), { recursive: true });
    await this.page.screenshot({ path: file, animations: 'disabled', caret: 'hide' });
  }
}

/**
 * Closes the page of a window, which takes leave of the server first. A browser gives a closing page half a second for
 * that; where a busy machine needs longer, the server takes the window for one that will be back, and keeps its
 * extension host.
 */
export async function closePage(page: Page): Promise<void> {
  await page.evaluate(() => window.dispatchEvent(new PageTransitionEvent('pagehide')));
  await page.close();
}
