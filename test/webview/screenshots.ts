import { mkdirSync } from 'node:fs';
import { TABS, type Tab } from '../../src/shared/panel.js';
import { chainRun, resultsWindow } from './chainFixtures.js';
import { type FakeHost } from './fakeHost.js';
import { STATUS, connection, details, gpu, h100, history, job, ollama, project, wavySeries } from './fixtures.js';
import { Harness } from './harness.js';
import { THEME_NAMES, type ThemeName } from './themes.js';

/** Pictures of the panel in every state, for human eyes: `screenshots.js FOLDER [part of a name]`. */

type Scene = (host: FakeHost) => void;

const three = (active: Parameters<typeof connection>[0]) => [
  connection({ isActive: true, ...active }),
  connection({
    id: 'spark-2',
    name: 'Lab',
    hostname: '192.168.40.17',
    username: 'ada',
    port: 2222,
    lastConnectedAt: null,
  }),
  connection({
    id: 'spark-3',
    name: 'Rack 4, eight GPUs, behind the jump host of the university',
    hostname: 'dgx-h100-04.compute.example-university.edu',
    username: 'a.lovelace',
    lastConnectedAt: Date.now() - 26 * 3_600_000,
  }),
];
const connected: Scene = host => {
  host.connections = three({ status: STATUS.connected });
  host.endpoint = { url: 'http://localhost:11435', source: 'dgx', connectionId: 'spark-1' };
  const loaded = [{ name: 'gpt-oss:120b', bytes: 68_000_000_000, contextLength: 32_768, expiresAt: null }];
  host.health = {
    local: ollama({ state: 'down', version: null, latencyMs: null, problem: 'Ollama does not run on this computer.' }),
    dgx: { ...ollama({ loaded }), connectionId: 'spark-1', connectionName: 'Workshop Spark' },
  };
  host.recent.set(
    'spark-1',
    history(60, (load, step) => [gpu({ utilization: step > 20 && step < 24 ? null : load, powerW: 20 + load })]),
  );
};
const jobs: Scene = host => {
  connected(host);
  host.jobs = [
    job(),
    job({
      id: 'j2',
      name: 'Evaluation',
      status: 'queued',
      reason: 'It waits for "Llama fine-tune".',
      run: 1,
      startedAt: null,
      metrics: null,
    }),
    job({
      id: 'j3',
      name: 'A first try with a rather long name that has to be cut off somewhere',
      status: 'failed',
      exitCode: 137,
      reason: 'It was killed (SIGKILL), perhaps because the machine ran out of memory.',
      completedAt: Date.now() - 600_000,
    }),
    job({
      id: 'j4',
      name: 'Tokeniser',
      modelName: null,
      status: 'completed',
      exitCode: 0,
      metrics: null,
      completedAt: Date.now() - 500_000,
    }),
    job({ id: 'j5', name: 'Draft', status: 'pending', run: 0, startedAt: null, metrics: null }),
  ];
  const curve = (start: number, pace: number) =>
    Array.from({ length: 120 }, (_, n) => ({
      ...{ step: n + 1, epoch: n / 300, learningRate: 2e-5 * (1 - n / 300), gradNorm: 0.8 + Math.cos(n * 5) * 0.3 },
      evalLoss: n % 30 === 29 ? 1.3 + 30 / (n + 20) : null,
      loss: 1.1 + pace / (n + 30) + Math.sin(n * 7) * 0.08,
      ...{ tokensPerSecond: 5200 + Math.sin(n) * 150, at: start + n * 10_000 },
    }));
  host.points = { 'job-1': curve(Date.now() - 1_200_000, 40), j4: curve(Date.now() - 5_000_000, 55) };
  host.usage = Array.from({ length: 40 }, (_, n) => ({
    ...{ at: Date.now() - 1_200_000 + n * 30_000, memAvailableKiB: 110_000_000 - Math.min(n, 6) * 8_000_000 },
    gpus: [{ utilization: 88 + (n % 5), memoryUsedMiB: null, temperature: 68, power: 92 + (n % 7) }],
    logBytes: n * 1000,
  }));
  host.log = Buffer.from(
    Array.from(
      { length: 80 },
      (_, n) =>
        `\u001b[32mINFO\u001b[0m {'loss': ${(2 - n / 80).toFixed(3)}, 'learning_rate': 2e-05, 'epoch': ${(n / 80).toFixed(2)}}\n`,
    ).join('') + ' 39%|###   | 119/300 [19:51<31:02,  3.10s/it]\r 40%|####  | 120/300 [20:00<31:00,  3.10s/it]',
  );
};
const scenes: Readonly<
  Record<
    string,
    {
      tab: Tab;
      scene: Scene;
      form?: string | null;
      projectForm?: string | null;
      submit?: boolean;
      job?: { view: 'job' | 'form'; id: string | null };
      range?: string;
    }
  >
> = {
  empty: { tab: 'connection', scene: host => (host.connections = []) },
  connected: { tab: 'connection', scene: connected },
  connecting: { tab: 'connection', scene: host => (host.connections = three({ status: STATUS.connecting })) },
  error: { tab: 'connection', scene: host => (host.connections = three({ status: STATUS.refused })) },
  reconnecting: { tab: 'connection', scene: host => (host.connections = three({ status: STATUS.reconnecting })) },
  idle: { tab: 'connection', scene: host => (host.connections = three({ isActive: false })) },
  jobs: { tab: 'jobs', scene: jobs },
  jobsEmpty: { tab: 'jobs', scene: connected },
  jobPage: { tab: 'jobs', scene: jobs, job: { view: 'job', id: 'job-1' } },
  jobForm: { tab: 'jobs', scene: jobs, job: { view: 'form', id: null } },
  form: { tab: 'connection', scene: connected, form: null },
  invalid: { tab: 'connection', scene: connected, form: null, submit: true },
  edit: { tab: 'connection', scene: connected, form: 'spark-1' },
  ways: {
    tab: 'connection',
    scene: host => {
      const addresses = ['10.0.0.7', 'spark.tailnet.ts.net:2222', 'spark via me@gateway'];
      host.connections = [
        connection({ proxyJump: 'me@gateway:2222', addresses, authMethod: 'auto', sshKeyPath: null }),
      ];
    },
    form: 'spark-1',
  },
  follows: {
    tab: 'connection',
    scene: host => (host.connections = [connection({ sshConfigHost: 'spark-85e8.local' })]),
    form: 'spark-1',
  },
  imported: {
    tab: 'connection',
    scene: host => {
      host.connections = three({
        sshConfigHost: 'spark-85e8.local',
        status: { ...STATUS.connected, via: '10.0.0.7:22 via gateway' },
      });
      host.connections[1] = connection({
        id: 'spark-2',
        name: 'Left alone',
        status: { ...STATUS.disconnected, note: 'Disconnected after 30 minutes without use.' },
      });
    },
  },
  metrics: { tab: 'metrics', scene: connected },
  waiting: {
    tab: 'metrics',
    scene: host => {
      connected(host);
      host.recent.clear();
    },
  },
  offline: { tab: 'metrics', scene: host => (host.connections = three({})) },
  two: {
    tab: 'metrics',
    scene: host => {
      connected(host);
      host.connections[1] = connection({ id: 'spark-2', name: 'Lab', status: STATUS.connected });
      host.recent.set(
        'spark-1',
        history(40, load => [h100(0, load), h100(1, Math.round(load / 2))]),
      );
    },
  },
  eight: {
    tab: 'metrics',
    scene: host => {
      connected(host);
      host.recent.set(
        'spark-1',
        history(60, (load, step) =>
          [0, 1, 2, 3, 4, 5, 6, 7].map(index => h100(index, index === 5 ? null : (load + index * 13 + step) % 101)),
        ),
      );
    },
  },
  failed: {
    tab: 'metrics',
    scene: host => {
      connected(host);
      const samples = history(30, load => [gpu({ utilization: load, powerLimitW: 140 })]);
      samples.push({
        ...samples[29]!,
        at: Date.now() + 2000,
        gpus: [],
        error: {
          code: 'nvidiaSmiFailed',
          message: 'nvidia-smi could not talk to the driver.',
          hint: 'Restart the Spark, or reinstall its driver.',
        },
      });
      host.recent.set('spark-1', samples);
    },
  },
  projects: {
    tab: 'projects',
    scene: host => {
      connected(host);
      host.hasRemoteSsh = true;
      host.projects = [
        project({
          jobs: [
            { id: 'j1', name: 'lora-r16 on tickets', status: 'running' },
            { id: 'j2', name: 'baseline', status: 'completed' },
          ],
        }),
        project({ id: 'p2', name: 'Vision', status: 'paused', description: null, projectType: null }),
        project({
          id: 'p3',
          name: 'A project whose name is far longer than anybody would wish it to be, since nobody said no',
          status: 'archived',
          remotePath: '/data/shared/research/2024/experiments/with/a/very/long/path/that/goes/on/and/on',
          description: 'What it is about takes more than one line to say. '.repeat(6),
        }),
        project({ id: 'p4', name: 'Evaluation', status: 'done', connectionId: 'spark-2', projectType: 'Inference' }),
      ];
    },
  },
  'projects-none': { tab: 'projects', scene: connected },
  'projects-form': { tab: 'projects', scene: connected, projectForm: null },
  stuck: {
    tab: 'metrics',
    range: '24 h',
    scene: host => {
      connected(host);
      host.details.set('spark-1', details());
      host.series = wavySeries;
      const samples = history(60, () => [gpu({ utilization: 96, powerW: 24, smClockMhz: 611 })]);
      samples.at(-1)!.troubles = [
        {
          ...{ id: 'stuckLowPower', gpuIndex: 0, since: Date.now() - 60_000, severity: 'warning' },
          message: 'GPU 0 is stuck in a low-power state: busy at 24 W and 611 MHz, and the driver names no reason.',
          hint: 'Shut the machine down, pull its power plug for a minute and start it again; a restart alone does not clear it.',
        },
      ];
      host.recent.set('spark-1', samples);
    },
  },
  runs: {
    tab: 'metrics',
    range: '24 h',
    scene: host => {
      jobs(host);
      host.series = wavySeries;
      const hour = 3_600_000;
      host.jobs = [
        job({
          name: 'Fine-tune',
          status: 'completed',
          startedAt: Date.now() - 14 * hour,
          completedAt: Date.now() - 8 * hour,
        }),
        job({ id: 'j2', name: 'Evaluation', startedAt: Date.now() - 2 * hour }),
      ];
    },
  },
  noGpu: {
    tab: 'metrics',
    scene: host => {
      connected(host);
      const error = { code: 'nvidiaSmiMissing', message: 'nvidia-smi is not installed on this machine.' } as const;
      host.recent.set(
        'spark-1',
        history(30, () => []).map(one => ({ ...one, driverVersion: null, error })),
      );
    },
  },
  mig: {
    tab: 'metrics',
    scene: host => {
      connected(host);
      const mig = [0, 1, 2].map(index => ({ index, gpuInstanceId: index, usedMb: 3000 * index, totalMb: 19_968 }));
      const ecc = { volatileCorrected: 2, volatileUncorrected: 0, aggregateCorrected: 9, aggregateUncorrected: 0 };
      host.details.set('spark-1', details({ gpus: [{ index: 0, ecc, mig }] }));
      host.recent.set(
        'spark-1',
        history(60, load => [h100(0, load)]),
      );
    },
  },
};

async function main(folder: string, only: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const harness = await Harness.start();
  const looks: [string, ThemeName, FakeHost['palette']][] = [
    ...THEME_NAMES.map((name): [string, ThemeName, FakeHost['palette']] => [name, name, 'theme']),
    ['dgx', 'dark', 'dgx'],
  ];
  try {
    for (const [look, theme, palette] of looks) {
      for (const [name, { tab, scene, form, projectForm, submit, range, job: shown }] of Object.entries(scenes)) {
        for (const width of [1280, 340]) {
          const file = `${look}-${name}-${width}.png`;
          if (!file.includes(only) && !new RegExp(only).test(file)) continue;
          const { page, host } = await harness.open({
            theme,
            width,
            prepare: window => {
              scene(window);
              window.tab = tab;
              window.palette = palette;
            },
          });
          if (form !== undefined) {
            host.showForm(form);
            await page.locator('form').waitFor();
            if (submit) await page.getByRole('button', { name: 'Save and connect' }).click();
          }
          if (shown) {
            host.showJob(shown.view, shown.id);
            await page
              .locator(shown.view === 'job' ? '.log__block' : 'form')
              .first()
              .waitFor();
          }
          if (projectForm !== undefined) {
            host.showProjectForm(projectForm);
            await page.locator('form').waitFor();
          }
          if (tab === 'metrics') await page.locator('.spark, .ui-empty, .ui-banner, .skeleton').first().waitFor();
          if (range) {
            await page.getByRole('button', { name: range, exact: true }).click();
            await host.called('metrics/series');
          }
          await page.screenshot({
            path: `${folder}/${file}`,
            animations: 'disabled',
            fullPage: tab === 'metrics' || tab === 'jobs',
          });
          await page.context().close();
        }
      }
      await drawResults(harness, folder, only, look, theme);
    }
  } finally {
    await harness.stop();
  }
  console.log(`${TABS.length} tabs drawn to ${folder}`);
}

/** The results of a chain: under way with an answer chosen, and compared with another run. */
async function drawResults(
  harness: Harness,
  folder: string,
  only: string,
  look: string,
  theme: ThemeName,
): Promise<void> {
  if (look === 'dgx') return;
  const runs = [chainRun(), chainRun({ runId: 'run-0', state: 'done', model: 'llama3.1:8b', connectionName: null })];
  for (const name of ['running', 'chosen', 'compared', 'paused'])
    for (const width of [1280, 560, 340]) {
      const file = `${look}-chains-${name}-${width}.png`;
      if (!file.includes(only) && !new RegExp(only).test(file)) continue;
      const paused = chainRun({ state: 'paused', reason: 'The link to Workshop Spark was lost; it is tried again.' });
      const { page } = await harness.openResults(resultsWindow(name === 'paused' ? [paused] : runs), { theme, width });
      await page.locator('.chains-cell').first().waitFor();
      if (name === 'chosen') {
        await page.locator('.chains-cell').nth(4).click();
        await page.locator('.chains-detail').waitFor();
      }
      if (name === 'compared') {
        await page.getByRole('combobox', { name: 'Compare with' }).click();
        await page.getByRole('option').last().click();
        await page.getByText('Compared:').waitFor();
      }
      await page.screenshot({ path: `${folder}/${file}`, animations: 'disabled' });
      await page.context().close();
    }
}

const [folder = 'out/screenshots', only = ''] = process.argv.slice(2);
main(folder, only).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
