import assert from 'node:assert/strict';
import { readAdoptable } from '../../../src/engine/jobs/adoption.js';

describe('what runs on a machine and could become a job', () => {
  it('is what is on the GPU, containers, then the other programs, without shells and what is not ours to read', () => {
    const output = [
      'Welcome to this machine',
      'm gpu',
      '4242, 18874',
      '4343, [N/A]',
      'm programs',
      '100 5000 9000 60 -bash',
      '101 5000 9000 60 sshd: nvidia@pts/0',
      '102 5004 9000 60 bash train.sh --epochs 3',
      '200 5001 800000 3600 jupyter lab \u001b[31m--no-browser',
      '4242 5002 20480 120 python train.py --name $(reboot)',
      '4343 5003 1024 7 ./infer',
      'nonsense',
      'm containers',
      'trainer\tnvcr.io/nvidia/pytorch:25.11-py3\tUp 2 hours',
      '-v/:/host\tevil\tUp',
      'dgx-spark-1-1\tbusybox\tUp 1 second',
      'm end',
    ].join('\n');
    assert.deepEqual(
      readAdoptable(output, 'm').map(one => (one.kind === 'process' ? [one.pid, one.start, one.gpuBytes] : one.name)),
      [[4242, '5002', 18_874 * 1024 * 1024], [4343, '5003', 0], 'trainer', [102, '5004', null], [200, '5001', null]],
    );
    const [first, , , , last] = readAdoptable(output, 'm');
    assert.ok(first?.kind === 'process' && last?.kind === 'process');
    assert.equal(first.command, 'python train.py --name $(reboot)');
    assert.equal(last.command.includes('\u001b'), false);
    assert.deepEqual([last.bytes, last.seconds], [800_000 * 1024, 3600]);
  });

  it('is nothing where the machine says nothing', () => {
    assert.deepEqual(readAdoptable('', 'm'), []);
  });
});
