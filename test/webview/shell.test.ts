import assert from 'node:assert/strict';
import axe from 'axe-core';
import { type AxeResults } from 'axe-core';
import { SparkError } from '../../src/shared/errors.js';
import { TABS } from '../../src/shared/panel.js';
import { type FakeHost } from './fakeHost.js';
import { STATUS, connection, gpu, history } from './fixtures.js';
import { Harness, close, type Panel } from './harness.js';
import { THEME_NAMES, type ThemeName } from './themes.js';

function busy(host: FakeHost): void {
  host.connections = [
    connection({ isActive: true, status: STATUS.connected }),
    connection({ id: 'lab', name: 'Lab', status: STATUS.connected }),
    connection({ id: 'rack', name: 'Rack', status: STATUS.refused }),
    connection({ id: 'desk', name: 'Desk', lastConnectedAt: null }),
  ];
  host.endpoint = { url: 'http://localhost:11435', source: 'dgx', connectionId: 'spark-1' };
  host.recent.set(
    'spark-1',
    history(60, load => [gpu({ utilization: load }), gpu({ index: 1, utilization: null, temperatureC: null })]),
  );
}

/** What axe finds that matters, as lines that can be read. */
async function troubles(panel: Panel): Promise<string[]> {
  const results = await panel.page.evaluate(() =>
    (window as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run(),
  );
  return results.violations
    .filter(violation => violation.impact === 'serious' || violation.impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(node => `${id}: ${node.html} ${node.failureSummary ?? ''}`));
}

describe('the panel: shell', function () {
  this.timeout(60_000);
  let harness: Harness;
  let panel: Panel;
  before(async () => {
    harness = await Harness.start();
  });
  after(() => harness.stop());
  afterEach(() => close(panel));

  it('moves between its tabs by keyboard', async () => {
    panel = await harness.open({ prepare: busy });
    const { page } = panel;
    const selected = () => page.getByRole('tab', { selected: true });
    await page.keyboard.press('Tab');
    const steps: [string, string][] = [
      ['ArrowRight', 'Metrics'],
      ['End', 'Jobs'],
      ['ArrowRight', 'Connection'],
      ['ArrowLeft', 'Jobs'],
      ['Home', 'Connection'],
    ];
    for (const [key, name] of steps) {
      await page.keyboard.press(key);
      assert.equal(await selected().innerText(), name);
      assert.equal(await selected().evaluate(tab => tab === document.activeElement), true);
      assert.equal(
        await page.getByRole('tabpanel').getAttribute('aria-labelledby'),
        await selected().getAttribute('id'),
      );
    }
    assert.equal(await page.locator('[role=tab][tabindex="0"]').count(), 1);
  });

  it('reaches every action by the Tab key', async () => {
    panel = await harness.open({ prepare: busy });
    const { page } = panel;
    const names = new Set<string>();
    for (let step = 0; step < 30; step++) {
      await page.keyboard.press('Tab');
      names.add(
        await page.evaluate(() => {
          const element = document.activeElement;
          return element?.getAttribute('aria-label') ?? element?.textContent ?? '';
        }),
      );
    }
    for (const name of [
      'Add New',
      'Disconnect Workshop Spark',
      'Connect to Desk',
      'Edit Desk',
      'Delete Desk',
      'Show log',
    ])
      assert.ok(names.has(name), name);
  });

  it('opens again where it was closed', async () => {
    panel = await harness.open({ prepare: busy });
    await panel.page.getByRole('tab', { name: 'Jobs' }).click();
    await panel.reload();
    assert.equal(await panel.page.getByRole('tab', { selected: true }).innerText(), 'Jobs');
  });

  it('goes where the window sends it', async () => {
    panel = await harness.open({ prepare: busy });
    panel.host.showTab('metrics');
    await panel.page.getByRole('heading', { name: 'NVIDIA GB10' }).first().waitFor();
    panel.host.showForm('lab');
    await panel.page.getByRole('heading', { name: 'Edit Lab' }).waitFor();
  });

  it('offers no first connection while nobody has said that none is saved', async () => {
    panel = await harness.open({ prepare: host => (host.engineUp = false) });
    const { page, host } = panel;
    await page.getByText('DGX Spark is starting…').waitFor({ state: 'attached' });
    assert.equal(await page.getByRole('button').count(), 0);
    assert.equal(await page.locator('.shell__status').count(), 0);
    host.engineUp = true;
    host.announce();
    await page.getByRole('button', { name: 'Add your first Spark' }).waitFor();
    assert.equal(await page.locator('.shell__status').innerText(), 'Disconnected');
  });

  it('tries again when the window could not answer', async () => {
    let refused = false;
    panel = await harness.open({
      prepare: host => {
        host.answers = {
          'panel/ready': () => {
            if (refused) return { state: host.state(), tab: null };
            refused = true;
            throw new SparkError({ code: 'engineUnavailable', message: 'The engine does not start.' });
          },
        };
      },
    });
    await panel.page.getByText('The engine does not start.').waitFor();
    await panel.page.getByRole('button', { name: 'Try again' }).click();
    await panel.page.getByRole('button', { name: 'Add your first Spark' }).waitFor();
  });

  it('draws the dgx palette to the letter, and follows the setting at once', async () => {
    panel = await harness.open({ theme: 'light', prepare: busy });
    const { page, host } = panel;
    const background = (selector: string) =>
      page
        .locator(selector)
        .first()
        .evaluate(element => getComputedStyle(element).backgroundColor);
    assert.equal(await background('body'), 'rgb(255, 255, 255)');
    host.palette = 'dgx';
    host.announce();
    await page.locator('body[data-palette=dgx]').waitFor();
    assert.equal(await background('body'), 'rgb(26, 26, 46)');
    assert.equal(await background('.card'), 'rgb(45, 45, 74)');
    assert.equal(await background('.saved vscode-button'), 'rgb(58, 58, 90)');
    const colour = (selector: string) =>
      page
        .locator(selector)
        .first()
        .evaluate(element => getComputedStyle(element).color);
    assert.equal(await colour('h1'), 'rgb(255, 255, 255)');
    assert.equal(await colour('.address'), 'rgb(160, 160, 176)');
    assert.equal(
      await page.locator('.active').evaluate(card => getComputedStyle(card).borderTopColor),
      'rgb(42, 42, 74)',
    );
  });

  it('keeps still for users who asked for it', async () => {
    const animation = () =>
      panel.page
        .locator('.shell__status .ui-status__dot')
        .evaluate(dot => getComputedStyle(dot, '::after').animationName);
    panel = await harness.open({ prepare: busy, reducedMotion: false });
    assert.equal(await animation(), 'halo');
    await panel.page.evaluate(() => document.body.classList.add('vscode-reduce-motion'));
    assert.equal(await animation(), 'none');
    await close(panel);
    panel = await harness.open({ prepare: busy, reducedMotion: true });
    assert.equal(await animation(), 'none');
  });

  // the editor's own tests look at each theme, too
  const themes = THEME_NAMES.filter(name => !process.env['CI'] || name === 'hcLight');
  const looks: [string, ThemeName, FakeHost['palette']][] = [
    ...themes.map((name): [string, ThemeName, FakeHost['palette']] => [name, name, 'theme']),
    ['dgx', 'dark', 'dgx'],
  ];
  for (const [look, theme, palette] of looks) {
    it(`has nothing serious that axe could find: ${look}`, async () => {
      panel = await harness.open({
        theme,
        prepare: host => {
          busy(host);
          host.palette = palette;
        },
      });
      const { page } = panel;
      await page.evaluate(axe.source);
      for (const tab of TABS) {
        await page.locator(`#tab-${tab}`).click();
        await page.locator(`#view-${tab} > *`).first().waitFor();
        assert.deepEqual(await troubles(panel), [], tab);
      }
      panel.host.showForm(null);
      await page.getByRole('button', { name: 'Save', exact: true }).click();
      await page.getByText('Enter a name.').waitFor();
      assert.deepEqual(await troubles(panel), [], 'form');
    });
  }
});
