import type { Page } from 'playwright-core';
import { poll } from './poll.js';
import type { QuickInput } from './quickInput.js';

/** Themes that come with VS Code, and the class that its workbench carries while one is on. */
export const THEMES = {
  dark: { title: 'Dark Modern', className: 'vs-dark' },
  light: { title: 'Light Modern', className: 'vs' },
  highContrast: { title: 'Dark High Contrast', className: 'hc-black' },
  highContrastLight: { title: 'Light High Contrast', className: 'hc-light' },
} as const;
export type ThemeName = keyof typeof THEMES;

/** Colour themes, switched as a user does it: this server does not watch the settings file. */
export class Themes {
  constructor(
    private readonly page: Page,
    private readonly quickInput: QuickInput,
  ) {}

  async use(name: ThemeName): Promise<void> {
    const { title, className } = THEMES[name];
    await this.quickInput.run('Preferences: Color Theme');
    await this.quickInput.pick(title, { match: 'theme' });
    await this.quickInput.gone();
    await poll(
      this.page,
      async () =>
        ((await this.page.locator('.monaco-workbench').getAttribute('class')) ?? '').split(/\s+/).includes(className),
      `the theme ${title}`,
    );
  }
}
