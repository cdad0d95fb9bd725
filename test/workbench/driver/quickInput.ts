import type { Locator, Page } from 'playwright-core';
import { contains, cssString, labelled, poll, whole, type Match } from './poll.js';

/** What the quick input shows. */
export interface QuickInputState {
  readonly title: string;
  /** The prompt or the validation message below the box. */
  readonly message: string;
  readonly value: string;
  readonly placeholder: string;
  /** Whether what is typed is hidden. */
  readonly password: boolean;
  /** Whether the message is a complaint about the value. */
  readonly invalid: boolean;
  /** Accessible labels of the rows that are drawn. */
  readonly rows: string[];
}

const RETYPE_MS = 1000;

/** Input boxes, quick picks and the command palette. */
export class QuickInput {
  constructor(private readonly page: Page) {}

  private get widget(): Locator {
    return this.page.locator('.quick-input-widget:visible');
  }

  private get box(): Locator {
    return this.widget.locator('.quick-input-filter input:visible').first();
  }

  private get rows(): Locator {
    return this.widget.locator('.quick-input-list .monaco-list-row');
  }

  /** What is shown now, all of it at one moment; undefined when no quick input is open. */
  async state(): Promise<QuickInputState | undefined> {
    const state = await this.page.evaluate((): QuickInputState | null => {
      const isShown = (element: Element): element is HTMLElement =>
        element instanceof HTMLElement && element.getClientRects().length > 0;
      const widget = [...document.querySelectorAll('.quick-input-widget')].find(isShown);
      if (!widget) return null;
      const text = (selector: string) =>
        [...widget.querySelectorAll<HTMLElement>(selector)]
          .map(element => element.innerText)
          .join(' ')
          .trim();
      const box = [...widget.querySelectorAll<HTMLInputElement>('.quick-input-filter input')].find(isShown);
      return {
        title: text('.quick-input-title'),
        message: text('.quick-input-message'),
        value: box?.value ?? '',
        placeholder: box?.getAttribute('placeholder') ?? '',
        password: box?.getAttribute('type') === 'password',
        invalid: widget.querySelector('.monaco-inputbox.error, .monaco-inputbox.warning') !== null,
        rows: [...widget.querySelectorAll<HTMLElement>('.quick-input-list .monaco-list-row')].map(
          row => row.getAttribute('aria-label') ?? row.innerText,
        ),
      };
    });
    return state ?? undefined;
  }

  /**
   * Waits for a quick input; with `match`, for the one whose title, placeholder or message contains it, so that a step
   * never types into the box before it.
   */
  async wait(match?: Match): Promise<QuickInputState> {
    return poll(
      this.page,
      async () => {
        const state = await this.state();
        if (!state || match === undefined) return state;
        return [state.title, state.placeholder, state.message].some(text => contains(text, match)) && state;
      },
      `a quick input ${match === undefined ? '' : String(match)}`,
    );
  }

  /** Types into the box and, unless told otherwise, accepts. */
  async fill(text: string, { match, submit = true }: { match?: Match; submit?: boolean } = {}): Promise<void> {
    await this.wait(match);
    await this.box.fill(text);
    if (submit) await this.box.press('Enter');
  }

  /** Picks the row whose label begins with `label`. */
  async pick(label: Match, { match }: { match?: Match } = {}): Promise<void> {
    await this.wait(match);
    if (typeof label === 'string') await this.box.fill(label);
    await (await this.rowWith(label)).click();
  }

  /** Chooses a file or folder in the editor's own dialog, whose box takes a path. */
  async choosePath(path: string, match?: Match): Promise<void> {
    await this.wait(match);
    await poll(
      this.page,
      async () => {
        const state = await this.state();
        if (!state) return true;
        // it sets a path of its own while it opens, and lists what is there when it has done so
        if (state.rows.length === 0) return false;
        // the first press goes into a folder, the second takes it
        if (state.value === path || state.value === `${path}/`)
          // it may close just before the press arrives, and then there is nothing to press
          await this.widget.locator('.quick-input-action .monaco-button').first().click({ timeout: 1000 });
        else await this.box.fill(path);
        return (await this.widget.count()) === 0;
      },
      `the dialog to take ${path}`,
    );
  }

  /** Ticks rows of a pick that allows several, and accepts. */
  async check(labels: readonly string[], { match }: { match?: Match } = {}): Promise<void> {
    await this.wait(match);
    for (const label of labels) {
      const row = this.rows.filter({ has: this.page.locator('.label-name', { hasText: whole(label) }) }).first();
      await row.locator('[role=checkbox], .monaco-checkbox, input[type=checkbox]').first().click();
    }
    await this.widget.locator('.quick-input-action .monaco-button').first().click();
  }

  /** Presses a button in the title, by the beginning of its tooltip. */
  async press(button: string): Promise<void> {
    await this.widget.locator(`.quick-input-titlebar .action-label[aria-label^=${cssString(button)}]`).click();
  }

  /** Closes whatever is open without accepting it. */
  async escape(): Promise<void> {
    if ((await this.widget.count()) === 0) return;
    await this.box.press('Escape');
    await this.gone();
  }

  /** Waits until no quick input is open. */
  async gone(): Promise<void> {
    await poll(this.page, async () => (await this.widget.count()) === 0, 'the quick input to close');
  }

  /** Runs a command from the palette by its full title (`Category: Title`). */
  async run(title: string, limitMs = 45_000): Promise<void> {
    let typedAt = 0;
    // commands that arrive after the palette was filled do not appear in it: type again now and then
    const row = await poll(
      this.page,
      async () => {
        if ((await this.widget.count()) === 0) {
          await this.page.keyboard.press('F1');
          await this.widget.waitFor({ timeout: 1500 });
          typedAt = 0;
        }
        if (Date.now() - typedAt > RETYPE_MS) {
          await this.box.fill('>');
          await this.box.fill(`>${title}`);
          typedAt = Date.now();
        }
        return this.findRow(labelled(title));
      },
      `the command ${title}`,
      limitMs,
    );
    await row.click();
  }

  /** Titles that the palette offers for a text; for tests that a command is hidden. */
  async commands(text: string): Promise<string[]> {
    await this.page.keyboard.press('F1');
    await this.fill(`>${text}`, { submit: false });
    // the list is drawn anew for each key; the row for an unknown text says so too
    const state = await poll(
      this.page,
      async () => {
        const now = await this.state();
        return now?.value === `>${text}` && now.rows.length > 0 && now;
      },
      `commands for ${text}`,
    );
    await this.escape();
    return state.rows;
  }

  private async rowWith(label: Match): Promise<Locator> {
    return poll(this.page, () => this.findRow(labelled(label)), `the row ${String(label)} in the quick input`);
  }

  private async findRow(expression: RegExp): Promise<Locator | undefined> {
    const labels = await this.rows.evaluateAll(rows => rows.map(row => row.getAttribute('aria-label') ?? ''));
    const index = labels.findIndex(label => expression.test(label));
    return index < 0 ? undefined : this.rows.nth(index);
  }
}
