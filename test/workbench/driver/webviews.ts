import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Frame, Page } from 'playwright-core';
import { poll } from './poll.js';

/** Which webview is meant; what is left out does not matter. */
export interface WebviewQuery {
  /** Extension id, `publisher.name`. */
  readonly extension?: string;
  /** Found in the document's title or its first heading. */
  readonly title?: RegExp;
  /** An editor tab or a view of the side bar. */
  readonly place?: 'panel' | 'view';
}

/** What axe found wrong with a document. */
export interface AccessibilityProblem {
  readonly rule: string;
  readonly impact: string;
  readonly help: string;
  /** CSS paths of the elements. */
  readonly where: string[];
}

interface AxeViolation {
  readonly id: string;
  readonly impact: string | null;
  readonly help: string;
  readonly nodes: readonly { readonly target: readonly unknown[] }[];
}
interface WithAxe {
  readonly axe: { run(context: object, options: object): Promise<{ violations: AxeViolation[] }> };
}

/** The extension's pages: `iframe.webview` (VS Code's own page) around `iframe#active-frame` (the extension's document). */
export class Webviews {
  constructor(private readonly page: Page) {}

  /** Waits for a visible webview and gives its document. Ask again after a reload or a hide and show: the frame is new then. */
  async frame(query: WebviewQuery = {}, limitMs?: number): Promise<Frame> {
    return poll(this.page, () => this.find(query), `the webview ${describeQuery(query)}`, limitMs);
  }

  /** Whether such a webview is visible now. */
  async isShown(query: WebviewQuery = {}): Promise<boolean> {
    return (await this.find(query)) !== undefined;
  }

  /** Runs axe in a webview's document (or in the workbench, for `page.mainFrame()`). */
  async accessibilityProblems(frame: Frame, selector?: string): Promise<AccessibilityProblem[]> {
    const axeFile = createRequire(join(process.cwd(), 'package.json')).resolve('axe-core/axe.min.js');
    // evaluated, not added as a script tag: the page's content security policy forbids that
    await frame.evaluate(readFileSync(axeFile, 'utf8'));
    const violations = await frame.evaluate(async within => {
      const { axe } = globalThis as unknown as WithAxe;
      const found = await axe.run(within === undefined ? document : { include: [[within]] }, {
        resultTypes: ['violations'],
      });
      return found.violations;
    }, selector);
    return violations.map(violation => ({
      rule: violation.id,
      impact: violation.impact ?? 'unknown',
      help: violation.help,
      where: violation.nodes.map(node => node.target.join(' ')),
    }));
  }

  private async find({ extension, title, place }: WebviewQuery): Promise<Frame | undefined> {
    const outers = this.page.locator('iframe.webview.ready');
    for (let index = 0; index < (await outers.count()); index++) {
      const outer = outers.nth(index);
      const source = (await outer.getAttribute('src')) ?? '';
      if (extension && !source.includes(`extensionId=${extension}`)) continue;
      if (place && source.includes('purpose=webviewView') !== (place === 'view')) continue;
      if (!(await outer.isVisible())) continue;
      const host = await (await outer.elementHandle()).contentFrame();
      const inner = await (await host?.$('iframe#active-frame'))?.contentFrame();
      if (!inner) continue;
      const heading = await inner.evaluate(() => `${document.title}\n${document.querySelector('h1')?.innerText ?? ''}`);
      if (title && !title.test(heading)) continue;
      await inner.waitForLoadState();
      return inner;
    }
    return undefined;
  }
}

function describeQuery({ extension, title, place }: WebviewQuery): string {
  return [extension, title, place].filter(part => part !== undefined).join(' ');
}
