import type { Locator, Page } from 'playwright-core';
import { contains, poll, type Match } from './poll.js';

/** A notification that is on screen. */
export interface Toast {
  readonly text: string;
  readonly severity: 'info' | 'warning' | 'error' | undefined;
  readonly buttons: string[];
}

/** A modal dialog. */
export interface Dialog {
  readonly text: string;
  readonly detail: string;
  readonly buttons: string[];
}

const TOAST = '.notification-toast .notification-list-item';
const DIALOG = '.monaco-dialog-box:visible';

/** Notifications and modal dialogs. In a window of in-host tests VS Code shows neither. */
export class Notifications {
  constructor(
    private readonly page: Page,
    private readonly runCommand: (title: string) => Promise<void>,
  ) {}

  /** Notifications on screen, newest first. */
  async toasts(): Promise<Toast[]> {
    return this.page.locator(TOAST).evaluateAll(items =>
      items.map(item => {
        const message = item.querySelector<HTMLElement>('.notification-list-item-message');
        const icon = [...(item.querySelector('.notification-list-item-icon')?.classList ?? [])];
        const buttons = item.querySelectorAll<HTMLElement>('.notification-list-item-buttons-container .monaco-button');
        return {
          text: message?.innerText ?? '',
          severity: (['info', 'warning', 'error'] as const).find(name => icon.includes(`codicon-${name}`)),
          buttons: [...buttons].map(button => button.innerText),
        };
      }),
    );
  }

  /** Waits for a notification whose text contains `match`. */
  async toast(match: Match, limitMs?: number): Promise<Toast> {
    const find = async () => (await this.toasts()).find(toast => contains(toast.text, match));
    return poll(this.page, find, `the notification ${String(match)}`, limitMs);
  }

  /** Presses a button of a notification. */
  async toastClick(match: Match, button: string): Promise<void> {
    await this.toast(match);
    const toast = this.page.locator(TOAST).filter({ hasText: match });
    await toast.locator('.monaco-button', { hasText: button }).first().click();
  }

  /** Clears every notification. */
  async clear(): Promise<void> {
    await this.runCommand('Notifications: Clear All Notifications');
    await poll(this.page, async () => (await this.toasts()).length === 0, 'the notifications to go');
  }

  /** Waits for a modal dialog. */
  async dialog(): Promise<Dialog> {
    const box = this.page.locator(DIALOG);
    await box.waitFor();
    return {
      // one without a detail has its text where that would be
      text: (await box.locator('.dialog-message, .dialog-message-detail').first().innerText()).trim(),
      detail: (await box.locator('.dialog-message-detail').allInnerTexts()).join(' ').trim(),
      buttons: await this.dialogButtons().allInnerTexts(),
    };
  }

  /** Presses a button of the modal dialog and waits until it has closed. */
  async dialogClick(button: string): Promise<void> {
    const box = await this.page.locator(DIALOG).elementHandle();
    await this.dialogButtons().filter({ hasText: button }).first().click();
    await box.waitForElementState('hidden');
  }

  private dialogButtons(): Locator {
    return this.page.locator(`${DIALOG} .dialog-buttons .monaco-button`);
  }
}
