import assert from 'node:assert/strict';
import { TrainingLog } from '../../../src/engine/jobs/trainingLog.js';

function read(text: string) {
  const log = new TrainingLog();
  // in pieces, as it comes from the machine
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += 7) log.feed(bytes.subarray(at, at + 7));
  log.end();
  return { points: log.points, metrics: log.metrics };
}

const point = (text: string) => {
  const { points } = read(`${text}\n`);
  assert.equal(points.length, 1, text);
  return points[0];
};
const NOTHING = {
  ...{ step: null, epoch: null, loss: null, learningRate: null, evalLoss: null },
  ...{ gradNorm: null, tokensPerSecond: null, at: null },
};

describe('figures of a training log', () => {
  it('reads the Trainer of Hugging Face, with numbers and with quoted ones', () => {
    assert.deepEqual(point("{'loss': 1.234, 'grad_norm': 0.5, 'learning_rate': 2e-05, 'epoch': 0.12}"), {
      ...NOTHING,
      ...{ loss: 1.234, learningRate: 2e-5, epoch: 0.12, gradNorm: 0.5 },
    });
    assert.equal(point("{'loss': '1.234', 'learning_rate': '2e-05', 'epoch': '0.12'}")?.loss, 1.234);
    assert.equal(point("{'eval_loss': 1.36, 'eval_runtime': 3.2, 'epoch': 0}")?.evalLoss, 1.36);
  });

  it('takes the step from the bar that the line is glued to, or that was before it', () => {
    const glued = read(" 14%|#4   | 10/69 [00:31<03:02,  3.10s/it]{'loss': 0.5, 'epoch': 1.0}\n");
    assert.deepEqual([glued.points[0]?.step, glued.metrics?.steps, glued.metrics?.secondsLeft], [10, 69, 182]);
    const before = read(
      " 14%|#4   | 10/69 [00:31<03:02,  3.10s/it]\r 15%|#  | 11/69 [00:31<03:02,  3.10s/it]\n{'loss': 0.5}\n",
    );
    assert.equal(before.points[0]?.step, 11);
  });

  it('leaves out what sums up and what only looks like progress', () => {
    assert.deepEqual(read("{'train_runtime': 44.1, 'train_loss': 1.6, 'epoch': 1.0}\n").points, []);
    assert.deepEqual(read('TrainOutput(global_step=30, training_loss=1.6)\n').points, []);
    const other = 'Masked tokens: 223/404\nLoading weights: 100%|####| 1013/1013 [04:24<00:00,  3.83it/s]\n';
    assert.equal(read(other).metrics, null);
  });

  it('reads ms-swift, JSON lines, nanoGPT, Lightning, NeMo, Megatron-LM and DLLogger', () => {
    const swift = read("{'loss': '0.36', 'global_step/max_steps': '5/40'}\n");
    assert.deepEqual([swift.points[0]?.step, swift.metrics?.steps], [5, 40]);
    assert.deepEqual(point('{"step": 9600, "loss": 0.41, "eval_loss": 0.35}'), {
      ...NOTHING,
      ...{ step: 9600, loss: 0.41, evalLoss: 0.35 },
    });
    assert.deepEqual(point('iter 250: loss 2.31, time 40.2ms'), { ...NOTHING, step: 250, loss: 2.31 });
    assert.deepEqual(point('step 250: train loss 2.30, val loss 2.35'), {
      ...NOTHING,
      ...{ step: 250, loss: 2.3, evalLoss: 2.35 },
    });
    assert.equal(point('iter 251: loss nan, time 40.2ms')?.loss, null);
    assert.equal(point('Epoch 3:  40%|####| 40/100 [00:12<00:18, 3.3it/s, v_num=1, train_loss=0.52]')?.loss, 0.52);
    assert.deepEqual(
      point(
        'Training epoch 0, iteration 9/99 | lr: 3e-06 | global_step: 9 | reduced_train_loss: 8.1 | train_step_timing in s: 1.2',
      ),
      { ...NOTHING, step: 9, epoch: 0, loss: 8.1, learningRate: 3e-6 },
    );
    const megatron = read(
      ' iteration      100/  5000 | consumed samples: 800 | learning rate: 1.0E-04 | lm loss: 3.2E+00 | grad norm: 1.0 |\n',
    );
    assert.deepEqual(
      [megatron.points[0]?.step, megatron.points[0]?.loss, megatron.points[0]?.learningRate, megatron.metrics?.steps],
      [100, 3.2, 1e-4, 5000],
    );
    assert.deepEqual(point('DLL 2026-01-01 00:00:00 - Epoch: 0 Iteration: 10 step_loss : 10.2 learning_rate : 1e-4'), {
      ...NOTHING,
      ...{ step: 10, epoch: 0, loss: 10.2, learningRate: 1e-4 },
    });
  });

  it('counts one rank, and looks behind times and colours', () => {
    const ranks = read('[rank0]: iter 1: loss 2.0\n[rank1]: iter 1: loss 2.1\n[rank0]: iter 2: loss 1.9\n');
    assert.deepEqual(
      ranks.points.map(({ loss }) => loss),
      [2, 1.9],
    );
    assert.equal(point("\u001b[32m2026-01-01 00:00:00 [stderr] {'loss': 1.5, 'epoch': 1}\u001b[0m")?.loss, 1.5);
  });

  it('stays small whatever comes', () => {
    const log = new TrainingLog();
    for (let step = 0; step < 20_000; step += 1) log.feed(Buffer.from(`iter ${step}: loss ${step / 7}\n`));
    assert.ok(log.points.length <= 4001 && log.points.length > 1000);
    assert.equal(log.metrics?.step, 19_999);
    log.feed(Buffer.alloc(1_000_000, 'x'));
    log.feed(Buffer.from('\niter 20000: loss 1\n'));
    assert.equal(log.metrics.loss, 1);
  });
});
