import assert from 'node:assert/strict';
import { FIGURES_LINES, readFiguresLine } from '../../../src/engine/jobs/figuresFile.js';
import { TrainingLog } from '../../../src/engine/jobs/trainingLog.js';

describe('the file of figures that a job writes', () => {
  it('reads numbers by the names that programs use, also with a prefix and in quotes', () => {
    assert.deepEqual(readFiguresLine('{"step": 10, "train/loss": 1.5, "train/learning_rate": 2e-5, "other": 3}'), {
      ...{ step: 10, loss: 1.5, learningRate: 2e-5 },
    });
    assert.deepEqual(readFiguresLine('{"global_step": "7", "eval/loss": "0.5"}'), { step: 7, evalLoss: 0.5 });
  });

  it('reads when it was written: seconds, milliseconds or text', () => {
    const at = Date.UTC(2026, 0, 1);
    for (const time of [at / 1000, at, '"2026-01-01T00:00:00Z"'])
      assert.deepEqual(readFiguresLine(`{"loss": 1, "_timestamp": ${time}}`), { loss: 1, at });
    assert.equal(readFiguresLine('{"time": 1767225600}'), undefined);
    assert.deepEqual(readFiguresLine('{"loss": 1, "time": 1e300}'), { loss: 1 }, 'no moment');
    assert.equal(readFiguresLine('{"constructor": 1, "__proto__": 2}'), undefined);
  });

  it('leaves a gap for what is no number, and reads nothing of what is no object', () => {
    assert.deepEqual(readFiguresLine('{"step": 3, "loss": NaN, "grad_norm": Infinity}'), { step: 3 });
    for (const line of ['', '{"loss": 1', '[1, 2]', 'null', '"loss: 1"', '{"loss": {"a": 1}, "step": true}'])
      assert.equal(readFiguresLine(line), undefined, line);
  });

  it('makes points of it that know their time', () => {
    const log = new TrainingLog(FIGURES_LINES);
    log.feed(Buffer.from('{"step":1,"loss":2.5,"ts":1767225600}\n{"step":2,"loss":2.25}\n{"step":3,"lo'));
    assert.deepEqual(
      log.points.map(({ step, loss, at }) => [step, loss, at]),
      [
        [1, 2.5, 1_767_225_600_000],
        [2, 2.25, null],
      ],
    );
  });
});
