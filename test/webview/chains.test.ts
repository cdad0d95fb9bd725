import assert from 'node:assert/strict';
import axe from 'axe-core';
import { type AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';
import { chainRun, resultsWindow } from './chainFixtures.js';
import { close, Harness } from './harness.js';
import type { ThemeName } from './themes.js';

/** One for each of what styles tell apart. */
const THEMES: readonly ThemeName[] = ['light', 'hcDark'];

type Opened = Awaited<ReturnType<Harness['openResults']>>;

const RUNS = [
  chainRun(),
  chainRun({ runId: 'run-0', state: 'done', model: 'llama3.1:8b', endpoint: 'local', connectionName: null }),
];

/** All states are in the first rows; axe takes long for many. */
const FEW_ROWS = chainRun({ rows: { total: 5, passed: 2, failed: 1 } });

describe('the results of a chain', function () {
  this.timeout(60_000);
  let harness: Harness;
  let opened: Opened;
  before(async () => {
    harness = await Harness.start();
  });
  after(() => harness.stop());
  afterEach(() => close(opened));

  const cells = (page: Page) => page.locator('.chains-cell');
  const focusedCell = async (page: Page) =>
    await page.evaluate(() => {
      const cell = document.activeElement?.closest('td');
      return cell && [(cell.parentElement as HTMLTableRowElement).rowIndex, cell.cellIndex];
    });

  it('are a row an input and a column a step, a page at a time', async () => {
    opened = await harness.openResults(resultsWindow(RUNS));
    const { page, asked } = opened;
    await page.getByText('1 to 50 of 120').waitFor();
    assert.equal(await page.locator('tbody tr').count(), 50);
    assert.match(await page.locator('tbody tr').nth(2).innerText(), /Failed.*at most 150 words.*Skipped/s);
    await page.getByRole('button', { name: 'Next' }).click();
    await page.getByText('51 to 100 of 120').waitFor();
    await page.getByRole('button', { name: 'Next' }).click();
    await page.getByText('101 to 120 of 120').waitFor();
    assert.equal(await page.locator('tbody th').first().innerText(), '101');
    assert.equal(await page.getByRole('button', { name: 'Next' }).isDisabled(), true);
    await page.getByRole('button', { name: 'Cancel' }).click();
    assert.deepEqual(asked.at(-1), { kind: 'cancel', runId: 'run-1' });
  });

  it('are walked through by keyboard', async () => {
    opened = await harness.openResults(resultsWindow(RUNS));
    const { page } = opened;
    await cells(page).first().focus();
    const ways: [string, [number, number]][] = [
      ['ArrowRight', [1, 3]],
      ['ArrowRight', [1, 3]],
      ['ArrowDown', [2, 3]],
      ['ArrowDown', [3, 3]],
      ['ArrowLeft', [3, 2]],
      ['ArrowUp', [2, 2]],
    ];
    for (const [key, place] of ways) {
      await page.keyboard.press(key);
      assert.deepEqual(await focusedCell(page), place, key);
    }
    assert.equal(await page.locator('.chains-cell[tabindex="0"]').count(), 1);
    await page.keyboard.press('Enter');
    await page.locator('.chains-detail').getByText('You write for busy readers.').last().waitFor();
    await page.keyboard.press('Escape');
    await page.locator('.chains-detail').waitFor({ state: 'detached' });
    assert.deepEqual(await focusedCell(page), [2, 2]);
  });

  it('stand side by side with those of another run', async () => {
    opened = await harness.openResults(resultsWindow(RUNS));
    const { page } = opened;
    await page.getByRole('combobox', { name: 'Compare with' }).click();
    await page.getByRole('option').last().click();
    await page
      .getByText(/compared, llama3/)
      .first()
      .waitFor();
    const headings = await page.locator('thead th').allInnerTexts();
    assert.deepEqual(
      headings.map(text => text.replace(/\s+/g, ' ')),
      [
        '#',
        'Input',
        'draft · this run',
        'draft · compared, llama3.1:8b',
        'title · this run',
        'title · compared, llama3.1:8b',
      ],
    );
  });

  it('show a chosen answer where it can be seen, however narrow the page', async () => {
    opened = await harness.openResults(resultsWindow(RUNS), { width: 500, height: 700 });
    const { page } = opened;
    await cells(page).nth(4).click();
    const detail = page.locator('.chains-detail');
    await detail.waitFor();
    const box = await detail.boundingBox();
    assert.ok(box && box.y < 700 && box.y + box.height <= 701, JSON.stringify(box));
    const chosen = await page.locator('.chains-cell--chosen').boundingBox();
    assert.ok(chosen && chosen.y + chosen.height <= box.y, 'it is beside the drawer, not behind it');
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 500);
  });

  it('are accessible, also in high contrast', async () => {
    for (const theme of THEMES) {
      opened = await harness.openResults(resultsWindow([FEW_ROWS]), { theme });
      const { page } = opened;
      await cells(page).nth(4).click();
      await page.locator('.chains-detail').waitFor();
      await page.evaluate(axe.source);
      const { violations } = await page.evaluate(() =>
        (window as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run(),
      );
      const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
      assert.deepEqual(
        serious.flatMap(({ id, nodes }) => nodes.map(node => `${theme}, ${id}: ${node.html}`)),
        [],
      );
      if (theme !== THEMES.at(-1)) await close(opened);
    }
  });
});
