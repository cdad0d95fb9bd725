import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Spark, startSpark } from '../spark/spark.js';
import { makeKeyPair } from '../spark/ssh/keys.js';
import { freePort } from '../support/sshd.js';
import { ConnectionRows, sparkConnection, trust } from './driver/connections.js';
import { workbenchSuite } from './driver/suite.js';
import type { Workbench } from './driver/workbench.js';

const PICTURES = join('out', 'screenshots', 'chains');
const RESULTS = { extension: 'dgx-spark.dgx-spark', place: 'panel' } as const;

workbenchSuite('Chains in the editor', session => {
  let spark: Spark;
  let folder: string;
  let workbench: Workbench;

  before(async function () {
    // one story: a step that fails leaves nothing for the next to stand on
    this.test?.parent?.bail(true);
    const key = makeKeyPair('spark');
    spark = await startSpark({ authorizedKeys: [key.publicKey], chunks: 9 });
    const { profile } = session;
    const keyFile = join(profile.home, '.ssh', 'id_spark');
    mkdirSync(join(profile.home, '.ssh'), { recursive: true });
    writeFileSync(keyFile, key.privateKey, { mode: 0o600 });
    trust(profile, spark);
    profile.writeSettings({
      ...profile.readSettings(),
      'dgxSpark.ollama.localPort': await freePort(),
      // long enough for a reload on a busy machine
      'dgxSpark.engine.lingerSeconds': 30,
    });
    ConnectionRows.prepare(profile, [sparkConnection('spark-1', spark, { authMethod: 'key', sshKeyPath: keyFile })]);
    folder = join(profile.folder, 'work');
    mkdirSync(folder);
    workbench = await session.open({ folder });
    const rows = new ConnectionRows(workbench);
    await rows.add('spark-1');
    await rows.connect('spark-1');
    await rows.waitFor('spark-1', 'Connected');
  });
  after(async () => {
    await spark.close();
  });

  const picture = async (name: string) => {
    await workbench.screenshot(join(PICTURES, `${name}.png`));
  };
  const lens = (title: string) => workbench.page.locator('.codelens-decoration a').filter({ hasText: title });
  const results = async () => await workbench.webviews.frame(RESULTS);
  /** Changes the file on the disk and has the editor read it: what watches files may not be up yet after a reload. */
  const change = async (from: string, to: string) => {
    const path = join(folder, 'first.chain.yaml');
    writeFileSync(path, readFileSync(path, 'utf8').replace(from, to));
    await workbench.showTab('first.chain.yaml');
    await workbench.run('File: Revert File');
  };
  const text = async () => await (await results()).locator('main').innerText();

  it('makes a chain to begin with, for a model that is there', async () => {
    await workbench.run('DGX Spark: New Chain...');
    await workbench.quickInput.fill('first', { match: /New Chain/ });
    await workbench.tab('first.chain.yaml');
    assert.match(readFileSync(join(folder, 'first.chain.yaml'), 'utf8'), /model: "llama3\.1:8b"/);
    await lens('Run this step').first().waitFor();
    await picture('starter');
  });

  it('runs it on the Spark, row by row', async () => {
    spark.ollama.holdAfter(3);
    await lens('Run on DGX').click();
    await spark.ollama.untilHeld();
    await workbench.statusItem(/first 0\/6/);
    await workbench.until(async () => (await text()).includes('The Spark hums'), 'an answer that comes in');
    await picture('running');
    spark.ollama.release();
    await workbench.until(async () => (await text()).includes('3 of 3 rows'), 'all rows');
    await workbench.notifications.toast(/all 3 rows passed/);
    await workbench.notifications.clear();
    const page = await results();
    await page
      .getByTitle(/whole answer of title/)
      .first()
      .click();
    await page.locator('.chains-detail').getByText('Give this text a title').waitFor();
    await picture('detail');
    assert.deepEqual(await workbench.webviews.accessibilityProblems(page), []);
  });

  it('compares it with another run', async () => {
    await lens('Run first 5 inputs').click();
    await workbench.notifications.toast(/all 3 rows passed/);
    const page = await results();
    const { length } = spark.ollama.chats;
    assert.equal(length, 12);
    await page.getByRole('combobox', { name: 'Compare with' }).click();
    await page.getByRole('option').last().click();
    await page
      .getByText(/compared, llama3/)
      .first()
      .waitFor();
    await workbench.notifications.clear();
    await picture('compared');
  });

  it('waits while the link is lost, and goes on by itself', async () => {
    const before = spark.ollama.chats.length;
    spark.ollama.holdAfter(2);
    await lens('Run on DGX').click();
    await spark.ollama.untilHeld();
    await spark.faults.goOffline(true);
    await workbench.until(async () => (await text()).includes('Paused'), 'the pause');
    await picture('paused');
    spark.ollama.release();
    await spark.faults.goOffline(false);
    await workbench.notifications.toast(/all 3 rows passed/, 60_000);
    await workbench.until(async () => (await text()).includes('3 of 3 rows'), 'all rows');
    await workbench.notifications.clear();
    // only what was under way was asked twice: at most one request a row
    const asked = spark.ollama.chats.length - before;
    assert.ok(asked >= 7 && asked <= 9, `${asked} requests`);
  });

  it('goes on while the window is reloaded, and shows the run in the new one', async () => {
    const before = spark.ollama.chats.length;
    spark.ollama.holdAfter(2);
    await lens('Run on DGX').click();
    await spark.ollama.untilHeld();
    await workbench.reload();
    spark.ollama.release();
    await lens('Run on DGX').waitFor();
    // which of the two editors has the focus after a reload is the editor's to say, and the palette follows it
    await workbench.showTab('first.chain.yaml');
    await workbench.run('DGX Spark: Show Results of Chain');
    await workbench.until(async () => (await text()).includes('3 of 3 rows'), 'all rows');
    assert.equal(spark.ollama.chats.length - before, 6, 'nothing is asked twice');
    await workbench.notifications.clear();
  });

  it('offers the Spark when no Ollama answers on this computer', async () => {
    await lens('Run locally').click();
    const { text: said, buttons } = await workbench.notifications.dialog();
    assert.match(said, /localhost:11434 does not answer: nothing listens at that port/);
    assert.deepEqual([...buttons].sort(), ['Cancel', 'Run on DGX', 'Try Again']);
    await picture('unreachable');
    await workbench.notifications.dialogClick('Cancel');
  });

  it('offers to pull a model that is not there, or to run elsewhere', async () => {
    await change('"llama3.1:8b"', '"qwen3:0.6b"');
    await workbench.page.locator('.view-line').filter({ hasText: 'qwen3:0.6b' }).waitFor();
    await lens('Run on DGX').click();
    const { text: said, buttons } = await workbench.notifications.dialog();
    assert.match(said, /does not have qwen3:0\.6b/);
    assert.deepEqual([...buttons].sort(), ['Cancel', 'Pull', 'Run Locally']);
    await picture('pull');
    await workbench.notifications.dialogClick('Pull');
    await workbench.notifications.toast(/all 3 rows passed/);
    await workbench.notifications.clear();
    assert.ok(spark.ollama.installed.includes('qwen3:0.6b'));
  });

  it('shows what is wrong at its line', async () => {
    await change('{{steps.draft}}\n', '{{steps.drafted}}\n');
    await workbench.page.locator('.squiggly-error').first().waitFor();
    await workbench.run('Problems: Focus on Problems View');
    await workbench.page
      .locator('.markers-panel')
      .getByText(/There is no step "drafted"/)
      .first()
      .waitFor();
    await picture('problems');
  });

  it('says at its line that an input file is not there, or lacks a field', async () => {
    const lines = ['model: "llama3.1:8b"', 'inputs: { file: topics.csv }', 'steps:', '  - name: one'];
    writeFileSync(
      join(folder, 'second.chain.yaml'),
      [...lines, '    prompt: Write about {{input.topic}}.', ''].join('\n'),
    );
    await workbench.page.keyboard.press('ControlOrMeta+P');
    await workbench.quickInput.fill('second.chain.yaml', { submit: false });
    await workbench.quickInput.pick(/second\.chain\.yaml/);
    await workbench.tab('second.chain.yaml');
    const problem = (text: RegExp) => workbench.page.locator('.markers-panel').getByText(text).first();
    await problem(/The file topics\.csv is not there/).waitFor();
    writeFileSync(join(folder, 'topics.csv'), 'title\nrivers\n');
    await workbench.run('File: Revert File');
    await workbench.page.keyboard.press('ControlOrMeta+End');
    await workbench.page.keyboard.type(' ');
    await problem(/The inputs have no "topic"/).waitFor();
    await picture('inputs');
    // by another program than the editor
    writeFileSync(join(folder, 'topics.csv'), 'topic\nrivers\n');
    await problem(/The inputs have no "topic"/).waitFor({ state: 'hidden' });
    await workbench.run('File: Revert File');
  });

  it('helps with writing', async () => {
    await workbench.showTab('first.chain.yaml');
    await workbench.page.locator('.view-line').filter({ hasText: 'for busy readers' }).click();
    await workbench.page.keyboard.press('End');
    await workbench.page.keyboard.press('Enter');
    await workbench.page.keyboard.type('concurr');
    await workbench.page.locator('.suggest-widget .monaco-list-row').filter({ hasText: 'concurrency' }).waitFor();
    await picture('completion');
    await workbench.page.keyboard.press('Escape');
    await workbench.run('File: Revert File');
    await workbench.page.locator('.view-line').filter({ hasText: 'steps:' }).locator('span').last().hover();
    await workbench.page
      .locator('.monaco-hover')
      .getByText(/model|step/i)
      .first()
      .waitFor();
    await picture('hover');
  });

  it('is a step of the walkthrough', async () => {
    await workbench.run('Welcome: Open Walkthrough...');
    await workbench.quickInput.pick(/DGX Spark/);
    await workbench.page.locator('.getting-started-step').filter({ hasText: 'Run a chain of prompts' }).click();
    await workbench.page.locator('.getting-started-step').getByRole('button', { name: 'New Chain' }).waitFor();
    await picture('walkthrough');
  });
});
