import assert from 'node:assert/strict';
import { type Locator } from 'playwright-core';
import { type GpuSample } from '../../src/shared/metrics.js';
import { type FakeHost } from './fakeHost.js';
import { STATUS, connection, details, gpu, h100, history, job, sample, wavySeries } from './fixtures.js';
import { Harness, close, type OpenOptions, type Panel } from './harness.js';

const GREEN = 'rgb(34, 197, 94)';
const YELLOW = 'rgb(234, 179, 8)';
const RED = 'rgb(239, 68, 68)';
const GOLD = 'rgb(255, 215, 0)';

describe('the panel: metrics', function () {
  this.timeout(60_000);
  let harness: Harness;
  let panel: Panel;
  before(async () => {
    harness = await Harness.start();
  });
  after(() => harness.stop());
  afterEach(() => close(panel));

  const open = (prepare: (host: FakeHost) => void = () => undefined, options: OpenOptions = {}) =>
    harness.open({
      ...options,
      prepare: host => {
        host.tab = 'metrics';
        host.connections = [connection({ isActive: true, status: STATUS.connected })];
        prepare(host);
      },
    });
  const metric = (label: string, row = 0): Locator =>
    panel.page.locator('.gpu').nth(row).locator('.metric', { hasText: label });
  const border = (locator: Locator) => locator.evaluate(card => getComputedStyle(card).borderTopColor);
  const text = async (locator: Locator) => (await locator.innerText()).replace(/\s+/g, ' ').trim();
  /** Shows one GPU and waits until it is drawn. */
  const show = async (reading: Partial<GpuSample>) => {
    const at = Date.now();
    panel.host.sampled(sample(at, [gpu(reading)]));
    await panel.page.locator('.spark__bar').first().waitFor({ state: 'attached' });
  };

  it('offers to connect while nothing is connected', async () => {
    panel = await open(host => (host.connections = [connection({ isActive: true })]));
    await panel.page.getByText('Connect to a Spark to see its GPU.').waitFor();
    await panel.page.getByRole('button', { name: 'Connect to Workshop Spark' }).click();
    assert.deepEqual(await panel.host.called('connections/connect'), { connectionId: 'spark-1', offerChoices: true });
  });

  it('keeps the place of the cards until the first reading, so that nothing moves when it comes', async () => {
    panel = await open();
    await panel.page.getByText('Waiting for the first reading…').waitFor();
    const places = () =>
      panel.page
        .locator('.metric, .spark')
        .evaluateAll(all => all.map(one => JSON.stringify(one.getBoundingClientRect())));
    const before = await places();
    await show({});
    await panel.page.getByText('NVIDIA GB10').waitFor();
    assert.deepEqual(await places(), before);
  });

  it('shows live numbers with the unit and the tag of a unified memory', async () => {
    panel = await open();
    await show({
      utilization: 42,
      temperatureC: 64,
      powerW: 31.44,
      memory: { kind: 'unified', usedMb: 12_700, totalMb: 124_610 },
    });
    assert.equal(await text(metric('GAUGE')), 'GAUGE 42 % low');
    assert.equal(await text(metric('MEMORY')), 'MEMORY 12.4 / 121.7 GB low unified');
    assert.equal(await text(metric('TEMP')), 'TEMP 64 °C medium');
    assert.equal(await text(metric('POWER')), 'POWER 31.4 W');
    panel.host.sampled(sample(Date.now() + 2000, [gpu({ utilization: 97, powerW: 120, powerLimitW: 140 })]));
    await metric('GAUGE').getByText('97').waitFor();
    assert.equal(await text(metric('POWER')), 'POWER 120 W of 140 W');
    assert.equal(await metric('GAUGE').getAttribute('aria-label'), 'GAUGE: 97 %, high');
  });

  it('draws borders by the thresholds, power always gold', async () => {
    panel = await open();
    const cases: [number, string][] = [
      [49, GREEN],
      [50, YELLOW],
      [80, YELLOW],
      [81, RED],
    ];
    let at = Date.now();
    for (const [value, colour] of cases) {
      const memory = { kind: 'dedicated', usedMb: value * 100, totalMb: 10_000 } as const;
      panel.host.sampled(sample((at += 2000), [gpu({ utilization: value, temperatureC: value + 11, memory })]));
      await metric('TEMP')
        .getByText(String(value + 11))
        .waitFor();
      assert.equal(await border(metric('GAUGE')), colour, `gauge at ${value}`);
      assert.equal(await border(metric('MEMORY')), colour, `memory at ${value}`);
      assert.equal(await border(metric('POWER')), GOLD);
    }
    for (const [value, colour] of [
      [59, GREEN],
      [60, YELLOW],
      [80, YELLOW],
      [81, RED],
    ] as const) {
      panel.host.sampled(sample((at += 2000), [gpu({ temperatureC: value })]));
      await metric('TEMP').getByText(String(value)).waitFor();
      assert.equal(await border(metric('TEMP')), colour, `temperature at ${value}`);
    }
  });

  it('shows what is not reported as n/a, never as 0', async () => {
    panel = await open();
    await show({
      utilization: null,
      temperatureC: null,
      powerW: null,
      memory: { kind: 'unknown', usedMb: null, totalMb: null },
    });
    for (const label of ['GAUGE', 'MEMORY', 'TEMP', 'POWER']) assert.equal(await text(metric(label)), `${label} n/a`);
    assert.equal(await metric('GAUGE').getAttribute('aria-label'), 'GAUGE: not reported');
    assert.ok(![GREEN, YELLOW, RED].includes(await border(metric('GAUGE'))));
  });

  it('draws 60 slots with the newest at the right, gaps left empty, a bar for 0', async () => {
    panel = await open(host => {
      const samples = history(60, (_load, step) => [gpu({ utilization: [0, 60, 90][step % 3]! })]);
      samples.splice(30, 5);
      samples[0]!.gpus[0]!.utilization = null;
      host.recent.set('spark-1', samples);
    });
    const bars = panel.page.locator('.spark__bar');
    await panel.page.getByRole('img', { name: /now 90 %, lowest 0 %, highest 90 %/ }).waitFor();
    assert.equal(await bars.count(), 60);
    const drawn = await bars.evaluateAll(all =>
      all.map(bar => ({ level: bar.getAttribute('data-level'), height: bar.getAttribute('height') })),
    );
    const expected = Array.from({ length: 60 }, (_, slot) => {
      if (slot === 0 || (slot >= 30 && slot < 35)) return { level: 'none', height: '0%' };
      return [
        { level: 'green', height: '2%' },
        { level: 'yellow', height: '60%' },
        { level: 'red', height: '90%' },
      ][slot % 3];
    });
    assert.deepEqual(drawn, expected);
    assert.equal(await bars.last().evaluate(bar => getComputedStyle(bar).fill), RED);
    const right = await bars.last().evaluate(bar => {
      const plot = bar.parentElement!.getBoundingClientRect();
      return plot.right - bar.getBoundingClientRect().right;
    });
    assert.ok(right >= 0 && right < 8);
  });

  it('fits eight GPUs on a screen of 1280 by 800, each with its cards and sparkline', async () => {
    const eight = [0, 1, 2, 3, 4, 5, 6, 7];
    panel = await open(host => {
      host.recent.set(
        'spark-1',
        history(60, load => eight.map(index => h100(index, load))),
      );
    });
    await panel.page.locator('.gpu').getByText('GPU 7').waitFor();
    assert.equal(await panel.page.locator('.metric').count(), 32);
    assert.equal(await panel.page.locator('.spark__plot').count(), 8);
    assert.equal(await text(metric('MEMORY', 3)), 'MEMORY 32.0 / 79.6 GB');
    const last = await panel.page.locator('.gpu').last().boundingBox();
    assert.ok(last !== null && last.y + last.height <= 800);
  });

  it('never scrolls sideways in a column of 320 pixels', async () => {
    const eight = [0, 1, 2, 3, 4, 5, 6, 7];
    for (const gpus of [[0], eight]) {
      panel = await open(
        host =>
          host.recent.set(
            'spark-1',
            history(60, load => gpus.map(index => h100(index, load))),
          ),
        { width: 320 },
      );
      for (const tab of ['Metrics', 'Connection', 'Projects', 'Jobs']) {
        await panel.page.getByRole('tab', { name: tab }).click();
        const over = await panel.page.evaluate(
          () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
        );
        assert.ok(over <= 0, tab);
      }
      if (gpus.length === 1) await close(panel);
    }
  });

  it('shows why nvidia-smi could not be read while the system memory goes on', async () => {
    panel = await open(host => {
      host.recent.set('spark-1', [
        sample(Date.now(), [], {
          error: { code: 'nvidiaSmiMissing', message: 'nvidia-smi is not there.', hint: 'Install the driver.' },
        }),
      ]);
    });
    const banner = panel.page.locator('.metrics').getByRole('status');
    assert.equal(await text(banner), 'nvidia-smi is not there. Install the driver.');
    assert.equal(await text(metric('SYSTEM MEMORY')), 'SYSTEM MEMORY 12.4 / 121.7 GB low');
    assert.equal(await panel.page.getByText('System memory').count(), 1, 'it is said once');
  });

  it('keeps the cards when one reading fails', async () => {
    panel = await open();
    await show({});
    panel.host.sampled(
      sample(Date.now() + 2000, [], { error: { code: 'nvidiaSmiSilent', message: 'nvidia-smi does not answer.' } }),
    );
    await panel.page.getByText('nvidia-smi does not answer.').waitFor();
    assert.equal(await text(metric('GAUGE')), 'GAUGE n/a');
    assert.equal(await text(metric('MEMORY')), 'MEMORY 12.4 / 121.7 GB low unified');
  });

  it('lets the user choose between connected machines, and remembers the choice', async () => {
    panel = await open(host => {
      host.connections.push(connection({ id: 'lab', name: 'Lab', status: STATUS.connected }));
      host.recent.set('spark-1', [sample(Date.now(), [gpu({ name: 'First' })])]);
      host.recent.set('lab', [sample(Date.now(), [gpu({ name: 'Second' })], { connectionId: 'lab' })]);
    });
    const { page } = panel;
    await page.getByRole('heading', { name: 'First' }).waitFor();
    await page.getByRole('combobox', { name: 'Connection whose metrics are shown' }).click();
    await page.getByRole('option', { name: 'Lab' }).click();
    await page.getByRole('heading', { name: 'Second' }).waitFor();
    await panel.reload();
    await page.getByRole('heading', { name: 'Second' }).waitFor();
  });

  it('asks for what it missed after a gap, and forgets a machine that was disconnected', async () => {
    panel = await open(host =>
      host.recent.set(
        'spark-1',
        history(3, () => [gpu()]),
      ),
    );
    const { page, host } = panel;
    await page.getByRole('heading', { name: 'NVIDIA GB10' }).waitFor();
    const filled = () => page.locator('.spark__bar:not([data-level=none])').count();
    assert.equal(await filled(), 3);
    const late = Date.now() + 20_000;
    host.recent.set(
      'spark-1',
      [9, 8, 7, 6, 5, 4, 3, 2, 1, 0].map(ago => sample(late - ago * 2000, [gpu()])),
    );
    host.sampled(sample(late, [gpu()]));
    await page.waitForFunction(() => document.querySelectorAll('.spark__bar:not([data-level=none])').length === 13);
    assert.equal(host.count('metrics/recent'), 2);

    host.connections = [connection({ isActive: true })];
    host.announce();
    await page.getByText('Connect to a Spark to see its GPU.').waitFor();
    host.recent.clear();
    host.connections = [connection({ isActive: true, status: STATUS.connected })];
    host.announce();
    await page.getByText('Waiting for the first reading…').waitFor();
  });

  it('shows the machine, what runs on its GPUs, and ends a process when asked', async () => {
    panel = await open(host => {
      host.recent.set(
        'spark-1',
        history(5, load => [gpu({ utilization: load, throttle: ['swThermal'] })]),
      );
      host.details.set('spark-1', details());
    });
    const { page } = panel;
    await page.getByText('temperature (driver)').waitFor();
    await page.getByRole('img', { name: /GPU programs 9.1 GB, other programs 3.3 GB/ }).waitFor();
    const rows = page.locator('section[aria-labelledby="processes"] tbody tr');
    const commands = async () => await rows.locator('.table__command').allInnerTexts();
    assert.deepEqual(await commands(), ['python train.py --config llama.yaml', '/usr/bin/gnome-shell']);
    await page.getByRole('button', { name: 'PID' }).click();
    await page.getByRole('button', { name: 'PID' }).click();
    assert.deepEqual(await commands(), ['/usr/bin/gnome-shell', 'python train.py --config llama.yaml']);
    await page.getByRole('searchbox').fill('ada train');
    await rows.nth(1).waitFor({ state: 'detached' });
    assert.deepEqual(await commands(), ['python train.py --config llama.yaml']);
    await page.getByRole('button', { name: 'End process 4711' }).click();
    assert.deepEqual(await panel.host.called('panel/endProcess'), {
      ...{
        connectionId: 'spark-1',
        pid: 4711,
        startTicks: 123_456,
        force: false,
        name: 'python train.py --config llama.yaml',
      },
    });
  });

  it('says what is wrong with the machine, and what was', async () => {
    panel = await open(host => {
      const samples = history(2, load => [gpu({ utilization: load })]);
      samples[1]!.troubles = [
        {
          ...{ id: 'memoryWedge', gpuIndex: null, since: 0, severity: 'error' },
          ...{ message: 'The memory is nearly used up.', hint: 'End what needs it.' },
        },
      ];
      host.recent.set('spark-1', samples);
      const raisedAt = Date.now() - 3_600_000;
      host.alerts = [
        {
          ...{ id: 'a', connectionId: 'spark-1', kind: 'temperature', severity: 'warning' },
          ...{ message: 'The GPU is at 93 °C.', raisedAt, endedAt: raisedAt + 600_000, snoozedUntil: null },
        },
      ];
    });
    await panel.page.getByRole('alert').getByText('The memory is nearly used up.').waitFor();
    const alert = panel.page.locator('.alerts__one');
    assert.match(await text(alert), /ago The GPU is at 93 °C. over after 10 minutes/);
  });

  it('draws the history of the chosen range, zooms by dragging, and leaves gaps', async () => {
    panel = await open(host => {
      host.recent.set(
        'spark-1',
        history(20, load => [gpu({ utilization: load })]),
      );
      host.series = wavySeries;
    });
    const { page, host } = panel;
    await page.getByRole('button', { name: '24 h' }).click();
    const first = (await host.called('metrics/series')) as { from: number; to: number; gpuIndex: number };
    assert.equal(first.gpuIndex, 0);
    assert.equal(first.to - first.from, 24 * 3_600_000);
    await page.getByRole('img', { name: /^GPU utilisation: lowest \d+, highest \d+ %/ }).waitFor();
    const over = page.locator('.chart .u-over').first();
    await over.scrollIntoViewIfNeeded();
    const box = (await over.boundingBox())!;
    await page.mouse.move(box.x + box.width * 0.25, box.y + 20);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.5, box.y + 20, { steps: 3 });
    await page.mouse.up();
    await page.getByRole('button', { name: 'Whole range' }).waitFor();
    const asked = host.calls.filter(call => call.method === 'metrics/series').at(-1)?.params as typeof first;
    assert.ok(Math.abs((asked.to - asked.from) / 3_600_000 - 6) < 0.5, 'a quarter of a day');
    await page.keyboard.press('Escape');
  });

  it('shades the time in which a job ran, and leads to that job', async () => {
    const hour = 3_600_000;
    const now = Date.now();
    const ended = (id: string, name: string, from: number, to: number) =>
      job({ id, name, status: 'completed', startedAt: now - from * hour, completedAt: now - to * hour });
    panel = await open(host => {
      host.recent.set(
        'spark-1',
        history(20, load => [gpu({ utilization: load })]),
      );
      host.series = wavySeries;
      host.jobs = [
        ended('job-1', 'Fine-tune', 12, 6),
        ended('job-2', 'Long past', 40, 30),
        job({ id: 'job-3', name: 'Elsewhere', connectionId: 'spark-2' }),
        job({ id: 'job-4', name: 'Lost', status: 'lost', startedAt: now - 5 * hour }),
      ];
    });
    const { page } = panel;
    await page.getByRole('button', { name: '24 h' }).click();
    await page.getByRole('img', { name: /^GPU utilisation: lowest \d+/ }).waitFor();
    const runs = page.locator('.history__runs button');
    assert.deepEqual(await runs.allInnerTexts(), ['Fine-tune']);
    // just above the lower edge, where no line of this series is; most of a few columns, for one may be a line of the grid
    const tinted = (share: number) =>
      page
        .locator('.chart canvas')
        .first()
        .evaluate((canvas: HTMLCanvasElement, at) => {
          const over = canvas.parentElement!.querySelector('.u-over')!.getBoundingClientRect();
          const place = canvas.getBoundingClientRect();
          const scale = canvas.width / place.width;
          const x = (over.left - place.left + over.width * at) * scale;
          const y = (over.bottom - place.top - 4) * scale;
          const { data } = canvas.getContext('2d')!.getImageData(Math.round(x), Math.round(y), 7, 1);
          return data.filter((value, index) => index % 4 === 3 && value > 0).length > 3;
        }, share);
    assert.deepEqual(
      [await tinted(0.4), await tinted(0.52), await tinted(0.7), await tinted(0.8)],
      [false, true, true, false],
    );
    await runs.click();
    await page.getByRole('heading', { name: 'Fine-tune' }).waitFor();
  });

  it('has a row for each machine that is connected', async () => {
    panel = await open(host => {
      host.connections.push(connection({ id: 'spark-2', name: 'Lab', status: STATUS.connected }));
      host.recent.set(
        'spark-1',
        history(2, () => [gpu({ utilization: 42 })]),
      );
    });
    const row = panel.page.getByRole('table', { name: 'Connected machines' }).locator('tbody tr');
    await row.first().getByText('42 %').waitFor();
    assert.equal(await text(row.nth(1)), 'Lab n/a n/a n/a n/a waiting');
    await row.nth(1).getByRole('button', { name: 'Lab' }).click();
    await panel.page.locator('tr[aria-current="true"]').getByText('Lab').waitFor();
  });
});
