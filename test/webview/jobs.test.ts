import assert from 'node:assert/strict';
import { type FakeHost } from './fakeHost.js';
import { STATUS, connection, job, project } from './fixtures.js';
import { Harness, close, type Panel } from './harness.js';

describe('the panel: training jobs', function () {
  this.timeout(60_000);
  let harness: Harness;
  let panel: Panel;
  before(async () => {
    harness = await Harness.start();
  });
  after(() => harness.stop());
  afterEach(() => close(panel));

  const open = async (more: (host: FakeHost) => void = () => undefined) => {
    panel = await harness.open({
      prepare: host => {
        host.tab = 'jobs';
        host.connections = [connection({ isActive: true, status: STATUS.connected })];
        more(host);
      },
    });
    return panel;
  };

  it('makes a job and starts it', async () => {
    const { page, host } = await open();
    await page.getByRole('button', { name: 'Create your first job' }).click();
    await page.getByRole('textbox', { name: 'Name', exact: true }).fill('baseline');
    await page.getByRole('textbox', { name: 'Command' }).fill('python train.py --note "$(date)"');
    await page.getByText('Environment and secrets').click();
    await page.getByRole('textbox', { name: 'Variables', exact: true }).fill('EPOCHS=3\nMODE=a=b');
    await page.getByRole('textbox', { name: 'Secret variables' }).fill('HF_TOKEN, WANDB_API_KEY');
    await page.getByRole('button', { name: 'Save and start' }).click();
    const sent = (await host.called('jobs/create')) as { name: string; config: Record<string, unknown> };
    assert.equal(sent.name, 'baseline');
    assert.equal(sent.config['command'], 'python train.py --note "$(date)"');
    assert.deepEqual(sent.config['env'], { EPOCHS: '3', MODE: 'a=b' });
    assert.deepEqual(sent.config['secrets'], ['HF_TOKEN', 'WANDB_API_KEY']);
    assert.deepEqual(await host.called('panel/startJob'), { jobId: 'created' });
    await page.getByRole('heading', { name: 'baseline' }).waitFor();
  });

  it('says at the field what is wrong, and sends nothing', async () => {
    const { page, host } = await open();
    await page.getByRole('button', { name: 'Create your first job' }).click();
    await page.getByText('Environment and secrets').click();
    await page.getByRole('textbox', { name: 'Variables', exact: true }).fill('no equals sign');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByText('Give the job a name.').waitFor();
    await page.getByText('Say what to run.').waitFor();
    await page.getByText('Write each variable as NAME=value').waitFor();
    assert.equal(host.count('jobs/create'), 0);
  });

  it('shows how far a job has come, and stops it', async () => {
    const { page, host } = await open(window => (window.jobs = [job()]));
    await page.getByRole('progressbar', { name: '40 %: Step 120 of 300, about 31 minutes left' }).waitFor();
    await page.getByRole('button', { name: 'Stop Llama fine-tune' }).click();
    assert.deepEqual(await host.called('jobs/stop'), { jobId: 'job-1' });
  });

  it('can start again what has ended while it was in sight', async () => {
    const { page, host } = await open(window => (window.jobs = [job()]));
    await page.getByRole('button', { name: 'Stop Llama fine-tune' }).waitFor();
    host.jobs = [job({ status: 'completed', completedAt: Date.now() })];
    host.announce();
    await page.getByRole('button', { name: 'Start Llama fine-tune' }).click({ timeout: 5000 });
    assert.deepEqual(await host.called('panel/startJob'), { jobId: 'job-1' });
  });

  it('shows a log as a terminal would, follows it, and draws no markup of it', async () => {
    const { page, host } = await open(window => {
      window.jobs = [job()];
      window.log = Buffer.from(
        ' 1%\r 50%\r\u001b[32m100%\u001b[0m\n<img src=x onerror=alert(1)>\n\u001b]0;title\u0007end\n',
      );
    });
    await page.getByRole('button', { name: 'Log and curves of Llama fine-tune' }).click();
    await page.getByText('end').waitFor();
    assert.deepEqual(await logLines(page), ['100%', '<img src=x onerror=alert(1)>', 'end']);
    assert.equal(await page.locator('.log .ansi-green').textContent(), '100%');
    host.print('job-1', '\none line more\n');
    await page.getByText('one line more').waitFor();
    assert.deepEqual((await logLines(page)).slice(2), ['end', '', 'one line more']);
    await page.getByRole('textbox', { name: 'Show lines with' }).fill('MORE');
    await page.getByText('1 of 5 lines.').waitFor();
    assert.deepEqual(await logLines(page), ['one line more']);
  });

  it('reads a long log from its end, and what was before when asked', async () => {
    const numbered = Array.from({ length: 40_000 }, (_, index) => `line ${index}\n`).join('');
    const { page, host } = await open(window => {
      window.jobs = [job({ status: 'completed' })];
      window.log = Buffer.from(numbered);
    });
    await page.getByRole('button', { name: 'Log and curves of Llama fine-tune' }).click();
    await page.getByText('line 39999').waitFor();
    assert.equal(host.count('jobs/readLog'), 1, 'only its end was read');
    const before = await logLines(page);
    const [top = ''] = before;
    const log = page.getByRole('log');
    await log.evaluate(box => (box.scrollTop = 0));
    await page.getByRole('button', { name: 'Show earlier lines' }).click();
    await page.waitForFunction(
      count => document.querySelector('.log__box')!.textContent.split('\n').length > count,
      before.length + 1000,
    );
    const all = await logLines(page);
    const first = Number(/\d+/.exec(all[0] ?? '')?.[0]);
    assert.deepEqual(
      all,
      Array.from({ length: 40_000 - first }, (_, index) => `line ${first + index}`),
      'no line is lost or doubled where the pieces meet',
    );
    const inSight = await log.evaluate(box => {
      const { left, top: edge } = box.getBoundingClientRect();
      return document.elementFromPoint(left + 20, edge + 40)?.textContent ?? '';
    });
    assert.ok(inSight.split('\n').includes(top), `${top} is in sight, and not ${inSight}`);
  });

  it('lets a user who reads earlier lines read on while more is printed', async () => {
    const { page, host } = await open(window => {
      window.jobs = [job()];
      window.log = Buffer.from(
        Array.from({ length: 3000 }, (_, index) => `line ${index} ${'.'.repeat(190)}\n`).join(''),
      );
    });
    await page.getByRole('button', { name: 'Log and curves of Llama fine-tune' }).click();
    await page.getByText('line 2999 ').waitFor();
    const log = page.getByRole('log');
    await log.evaluate(box => (box.scrollTop = 0));
    await page.getByRole('button', { name: 'Show earlier lines' }).click();
    await page.getByText('line 500 ').waitFor();
    const place = await log.evaluate(box => box.scrollTop);
    host.print('job-1', 'printed meanwhile\n');
    await page.getByText('printed meanwhile').waitFor();
    assert.equal(await log.evaluate(box => box.scrollTop), place);
    assert.ok((await logLines(page)).some(line => line.startsWith('line 500 ')));
    await page.getByRole('button', { name: 'Jump to the end' }).click();
    host.print('job-1', 'the last\n');
    await page.getByText('the last').waitFor();
    const fromEnd = await log.evaluate(box => box.scrollHeight - box.scrollTop - box.clientHeight);
    assert.ok(fromEnd < 2, `${fromEnd} px from the end`);
    assert.ok(!(await logLines(page)).some(line => line.startsWith('line 500 ')), 'it does not grow for ever');
  });

  it('begins with a template, and takes what a project says', async () => {
    const { page, host } = await open(window => {
      const { config } = job({});
      window.jobs = [];
      window.projects = [project({ id: 'p1', name: 'Llama', remotePath: '/home/nvidia/llama' })];
      window.projectConfig = JSON.stringify({
        defaultImage: 'nvcr.io/nvidia/pytorch:25.11-py3',
        environment: { A: '1' },
      });
      window.templates = [{ name: 'LoRA', config: { ...config, command: 'accelerate launch lora.py', memoryGib: 48 } }];
    });
    await page.getByRole('button', { name: 'Create your first job' }).click();
    await choose(panel, 'Begin with a template', 'LoRA');
    await page.getByRole('textbox', { name: 'Name', exact: true }).fill('adapter');
    await choose(panel, 'Project', 'Llama');
    await page.waitForFunction(() => document.querySelector<HTMLInputElement>('#job-image')?.value !== undefined);
    await page.getByRole('button', { name: 'Save as template' }).click();
    const template = (await host.called('panel/saveTemplate')) as { name: string; config: Record<string, unknown> };
    assert.equal(template.name, 'adapter');
    assert.equal(template.config['command'], 'accelerate launch lora.py');
    assert.equal(template.config['memoryGib'], 48);
    assert.equal(template.config['folder'], '/home/nvidia/llama');
    assert.deepEqual(template.config['env'], { A: '1' });
    assert.equal((template.config['runner'] as { image?: string }).image, 'nvcr.io/nvidia/pytorch:25.11-py3');
  });

  it('draws the curves, beside another job and over time with the GPU, and exports them', async () => {
    const point = (step: number, loss: number) => ({
      ...{ step, loss, epoch: null, evalLoss: null, learningRate: 1e-5, gradNorm: null, tokensPerSecond: null },
      at: Date.now() - 1_200_000 + step * 60_000,
    });
    const { page, host } = await open(window => {
      window.jobs = [job(), job({ id: 'job-2', name: 'Baseline', status: 'completed', startedAt: 1000 })];
      window.points = { 'job-1': [point(1, 3), point(2, 2), point(3, 1.5)], 'job-2': [point(1, 4), point(2, 3.5)] };
      window.usage = [0, 1, 2].map(minute => ({
        ...{ at: Date.now() - 1_200_000 + minute * 60_000, memAvailableKiB: 50 * 1024 * 1024, logBytes: 100 },
        gpus: [{ utilization: 90, memoryUsedMiB: null, temperature: 60, power: 80 }],
      }));
    });
    await page.getByRole('button', { name: 'Log and curves of Llama fine-tune' }).click();
    await page.getByRole('img', { name: 'Loss. Loss: 3 values, from 1.5 to 3, last 1.5' }).waitFor();
    await page.getByRole('img', { name: /^Learning rate\. Learning rate: 3 values/ }).waitFor();
    await choose(panel, 'Compare with', 'Baseline');
    await page
      .getByRole('img', { name: /^Loss\. Llama fine-tune: 3 values.*; Baseline: 2 values, from 3.5 to 4/ })
      .waitFor();
    await page.getByRole('button', { name: 'Export CSV' }).click();
    assert.deepEqual(await host.called('panel/exportPoints'), { jobIds: ['job-1', 'job-2'] });
    await page.getByRole('button', { name: 'Compare with Baseline no more' }).click();
    await choose(panel, 'Axis', 'Over time, with the GPU');
    await page.getByRole('img', { name: /^GPU utilisation\. GPU: \d values, from 90 to 90/ }).waitFor();
  });
});

/** Chooses in a list of the component kit. */
async function choose({ page }: Panel, label: string, option: string): Promise<void> {
  await page.getByRole('combobox', { name: label, exact: true }).click();
  await page.getByRole('option', { name: option, exact: true }).click();
}

/** The lines of the log that is shown. */
async function logLines(page: Panel['page']): Promise<string[]> {
  const blocks = await page.locator('.log__block').allTextContents();
  return blocks.join('').replace(/\n$/, '').split('\n');
}
