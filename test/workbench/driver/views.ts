import type { Locator, Page } from 'playwright-core';
import { cssString, labelled, poll, whole, type Match } from './poll.js';

/** A row of a tree view. */
export interface TreeRow {
  /** What a screen reader says. */
  readonly label: string;
  readonly level: number;
  /** Undefined for a leaf. */
  readonly expanded: boolean | undefined;
  /** What is written: label and description. */
  readonly text: string;
}

/** Long enough for a click on the activity bar to have shown what it shows, also on a busy machine. */
const CLICK_TAKES_MS = 4_000;

/** The activity bar, the side bar's views, their trees and menus. */
export class Views {
  constructor(private readonly page: Page) {}

  /** Shows a view container by the label of its activity bar entry. */
  async open(container: string, limitMs?: number): Promise<void> {
    const entry = this.entry(container);
    await entry.waitFor();
    const shown = () => entry.evaluate(element => element.classList.contains('checked'));
    let clickedAt = 0;
    let patience = CLICK_TAKES_MS;
    await poll(
      this.page,
      async () => {
        if (await shown()) return true;
        // A click on what is shown hides it, and a window that restores its side bar may show it just before the click
        // arrives: then another click is what a user would do.
        if (Date.now() - clickedAt < patience) return false;
        // each takes its effect back where the one before was only slow
        if (clickedAt > 0) patience *= 2;
        clickedAt = Date.now();
        // the entry itself, not its label: a badge may lie over that
        await entry.click();
        return false;
      },
      `the view container ${container}`,
      limitMs,
    );
  }

  /** Labels of the activity bar, top to bottom. */
  async containers(): Promise<string[]> {
    return this.page
      .locator('.part.activitybar .action-item .action-label')
      .evaluateAll(labels => labels.map(label => label.getAttribute('aria-label') ?? ''));
  }

  /** The section of a view, by the beginning of its title. */
  pane(view: string): Locator {
    const header = this.page.locator(`.pane-header[aria-label^=${cssString(view)}]`);
    return this.page.locator('.pane').filter({ has: header }).first();
  }

  /** Titles of the views that the side bar shows. */
  async titles(): Promise<string[]> {
    return (await this.page.locator('.part.sidebar .pane-header .title').allInnerTexts()).map(text => text.trim());
  }

  /** Opens a view's section if it is folded. */
  async expand(view: string): Promise<void> {
    const header = this.pane(view).locator('.pane-header');
    await header.waitFor();
    if ((await header.getAttribute('aria-expanded')) === 'false') await header.click();
    await poll(this.page, async () => (await header.getAttribute('aria-expanded')) !== 'false', `${view} to open`);
  }

  /** The welcome text of an empty view, links included. */
  async welcome(view: string): Promise<string> {
    return (await this.pane(view).locator('.welcome-view-content').innerText()).trim();
  }

  /** Presses a button or link of the welcome text. */
  async welcomeClick(view: string, label: string): Promise<void> {
    const content = this.pane(view).locator('.welcome-view-content');
    await content.locator('.monaco-button, a').filter({ hasText: label }).first().click();
  }

  /** Rows of a tree that are drawn (a long tree draws only those in sight). */
  async rows(view: string): Promise<TreeRow[]> {
    return this.pane(view)
      .locator('.monaco-list-row[role=treeitem]')
      .evaluateAll((rows: HTMLElement[]) =>
        rows.map(row => ({
          label: row.getAttribute('aria-label') ?? '',
          level: Number(row.getAttribute('aria-level')),
          expanded: row.hasAttribute('aria-expanded') ? row.getAttribute('aria-expanded') === 'true' : undefined,
          text: row.innerText.replace(/\s+/g, ' ').trim(),
        })),
      );
  }

  /** A row by its label. */
  row(view: string, label: Match): Locator {
    return this.pane(view)
      .locator('.monaco-list-row[role=treeitem]')
      .filter({ has: this.page.locator('.label-name', { hasText: whole(label) }) })
      .first();
  }

  /** Waits for a row whose text or accessible label matches. */
  async waitForRow(view: string, match: RegExp, limitMs?: number): Promise<TreeRow> {
    return poll(
      this.page,
      async () => (await this.rows(view)).find(row => match.test(row.text) || match.test(row.label)),
      `a row ${String(match)} in ${view}`,
      limitMs,
    );
  }

  /** Folds or unfolds a row. */
  async toggle(view: string, label: Match): Promise<void> {
    await this.row(view, label).locator('.monaco-tl-twistie').click();
  }

  /** Presses an inline button of a row, by the beginning of its tooltip. */
  async rowAction(view: string, label: Match, action: string): Promise<void> {
    const row = this.row(view, label);
    const selector = `.actions .action-label[aria-label^=${cssString(action)}]`;
    const clicks = await this.page.evaluateHandle(wanted => {
      const seen = { count: 0 };
      const see = (event: Event) => {
        if (!event.composedPath().some(node => node instanceof Element && node.matches(wanted))) return;
        seen.count += 1;
        document.removeEventListener('click', see, true);
      };
      document.addEventListener('click', see, true);
      return seen;
    }, selector);
    // a tree that is told of a change draws its buttons anew, and a press and a release on two different elements are no click
    await poll(
      this.page,
      async () => {
        await row.hover();
        await row.locator(selector).click();
        return (await clicks.evaluate(({ count }) => count)) > 0;
      },
      `${action} of ${String(label)} to be pressed`,
    );
    await clicks.dispose();
  }

  /** Picks an entry from a row's context menu. */
  async rowMenu(view: string, label: Match, item: Match): Promise<void> {
    const open = this.page.locator('.monaco-menu-container:visible');
    let clickedAt = 0;
    await poll(
      this.page,
      async () => {
        if ((await open.count()) > 0) return true;
        // the editor closes a menu when the focus goes elsewhere, as to a view that it is still restoring
        if (Date.now() - clickedAt < CLICK_TAKES_MS) return false;
        clickedAt = Date.now();
        await this.row(view, label).click({ button: 'right' });
        return false;
      },
      `the menu of ${String(label)}`,
    );
    await this.menu(item);
  }

  /** Entries of a row's context menu; closes it again. */
  async rowMenuItems(view: string, label: Match): Promise<string[]> {
    await this.row(view, label).click({ button: 'right' });
    const labels = this.page.locator('.monaco-menu-container:visible .action-item .action-label');
    await labels.first().waitFor();
    const items = (await labels.allInnerTexts()).map(text => text.trim()).filter(text => text !== '');
    await this.page.keyboard.press('Escape');
    await this.page.locator('.monaco-menu-container:visible').waitFor({ state: 'detached' });
    return items;
  }

  /** Drags a row onto another with the mouse. */
  async dragRow(view: string, from: Match, to: Match): Promise<void> {
    const { mouse } = this.page;
    await this.row(view, from).hover();
    await mouse.down();
    await this.row(view, to).hover();
    // the tree decides on a second move over the same row whether something may be dropped there
    await this.row(view, to).hover({ position: { x: 60, y: 8 } });
    await mouse.up();
  }

  /** Presses a button in a view's title bar. */
  async titleAction(view: string, action: string): Promise<void> {
    const pane = this.pane(view);
    await pane.locator('.pane-header').hover();
    await pane.locator(`.pane-header .actions .action-label[aria-label^=${cssString(action)}]`).click();
  }

  /** Picks from the menu that is open. It is drawn in a shadow root, which playwright's selectors pierce. */
  async menu(item: Match): Promise<void> {
    const container = this.page.locator('.monaco-menu-container:visible');
    const entry = container
      .locator('.action-item .action-label')
      .filter({ hasText: labelled(item) })
      .first();
    await entry.waitFor();
    await entry.hover();
    // a menu ignores the mouse in its first moments, so that the click that opened it chooses nothing
    await poll(
      this.page,
      async () => {
        if ((await container.count()) > 0) await entry.click({ timeout: 500 });
        return (await container.count()) === 0;
      },
      `the menu to close after ${String(item)}`,
    );
  }

  private entry(container: string): Locator {
    return this.page
      .locator('.part.activitybar .action-item')
      .filter({ has: this.page.locator(`.action-label[aria-label^=${cssString(container)}]`) })
      .first();
  }
}
