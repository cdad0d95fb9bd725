import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { Frame } from 'playwright-core';
import { freePort } from '../support/sshd.js';
import { type Spark, startSpark } from '../spark/spark.js';
import { workbenchSuite } from './driver/suite.js';
import { THEMES, type ThemeName } from './driver/themes.js';
import type { Workbench } from './driver/workbench.js';

const PASSWORD = 'correct horse';
const PICTURES = join('out', 'screenshots', 'panel');

workbenchSuite('The panel in every theme', session => {
  let spark: Spark;
  let workbench: Workbench;
  const frame = async (): Promise<Frame> =>
    await workbench.webviews.frame({ extension: 'dgx-spark.dgx-spark', place: 'panel' });

  before(async function () {
    this.timeout(120_000);
    spark = await startSpark({ password: PASSWORD });
    session.profile.writeSettings({
      ...session.profile.readSettings(),
      'dgxSpark.ollama.localPort': await freePort(),
      'dgxSpark.engine.lingerSeconds': 30,
    });
    workbench = await session.open();
    await workbench.run('DGX Spark: Add Connection');
    const form = await frame();
    await form.getByRole('textbox', { name: 'Name' }).fill('spark-1a2b');
    await form.getByRole('textbox', { name: 'Host' }).fill('127.0.0.1');
    await form.getByRole('textbox', { name: 'Port' }).fill(String(spark.port));
    await form.getByRole('textbox', { name: 'User' }).fill(spark.username);
    await form.getByRole('radio', { name: 'Password' }).click();
    await form.getByRole('button', { name: 'Save and connect' }).click();
    await workbench.notifications.dialog();
    await workbench.notifications.dialogClick('Trust and Connect');
    await workbench.quickInput.fill(PASSWORD, { match: /Password/ });
    await workbench.views.open('DGX Spark');
    await workbench.views.waitForRow('Connections', /GPU, \d+%/);
  });
  after(async () => {
    await spark.close();
  });

  for (const theme of Object.keys(THEMES) as ThemeName[])
    it(`is accessible in ${THEMES[theme].title}, on each tab`, async () => {
      await workbench.themes.use(theme);
      for (const tab of ['Connection', 'Metrics', 'Projects', 'Jobs']) {
        const page = await frame();
        await page.getByRole('tab', { name: tab }).click();
        await page.getByRole('tabpanel', { name: tab }).waitFor();
        await workbench.screenshot(join(PICTURES, `${theme}-${tab.toLowerCase()}.png`));
        const problems = await workbench.webviews.accessibilityProblems(page);
        assert.deepEqual(
          problems.filter(({ impact }) => impact === 'serious' || impact === 'critical'),
          [],
          `${theme}, ${tab}`,
        );
      }
    });

  it('shows every GPU of a machine that has eight', async () => {
    spark.setShape('h100x8');
    const page = await frame();
    await page.getByRole('tab', { name: 'Metrics' }).click();
    await workbench.until(async () => (await page.locator('.spark__plot').count()) === 8, 'eight sparklines');
    assert.equal(await page.locator('.metric').count(), 32);
    await workbench.screenshot(join(PICTURES, 'eight-gpus.png'));
  });

  it('says what is wrong when the driver does not answer, and keeps the system memory', async () => {
    spark.setShape('gb10');
    spark.setShape('noDriver');
    const page = await frame();
    await page.getByRole('tab', { name: 'Metrics' }).click();
    await page.getByText('The NVIDIA driver is not running on the machine.').waitFor();
    await page
      .getByText(/121\.7/)
      .first()
      .waitFor();
    await workbench.screenshot(join(PICTURES, 'no-driver.png'));
    spark.setShape('gb10');
    await page.getByText('unified').first().waitFor();
  });

  it('wears the colours of the product where the user wishes so', async () => {
    await session.closeWindows();
    session.profile.writeSettings({
      ...session.profile.readSettings(),
      'dgxSpark.appearance.palette': 'dgx',
    });
    workbench = await session.open();
    await workbench.run('DGX Spark: Open Panel');
    const page = await frame();
    await page.getByRole('tab', { name: 'Metrics' }).click();
    // a new engine, a login and a first reading
    await page.locator('.metric').first().waitFor({ timeout: 90_000 });
    const colours = await page.evaluate(() => {
      const card = document.querySelector('.metric');
      return [getComputedStyle(document.body).backgroundColor, card && getComputedStyle(card).backgroundColor];
    });
    assert.deepEqual(colours, ['rgb(26, 26, 46)', 'rgb(45, 45, 74)']); // #1a1a2e and #2d2d4a
    await workbench.screenshot(join(PICTURES, 'dgx-metrics.png'));
  });
});
