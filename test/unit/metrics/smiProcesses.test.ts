import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { withOwners } from '../../../src/engine/metrics/processTable.js';
import { processesOf } from '../../../src/engine/metrics/smiProcesses.js';

const entry = (pid: number | string, type: string, name: string, memory: string, instance = 'N/A') =>
  `<process_info><gpu_instance_id>${instance}</gpu_instance_id><compute_instance_id>N/A</compute_instance_id><pid>${pid}</pid><type>${type}</type><process_name>${name}</process_name><used_memory>${memory}</used_memory></process_info>`;
const document = (...gpus: string[]) =>
  `<nvidia_smi_log>${gpus.map((list, index) => `<gpu id="${index}"><product_name>X</product_name><processes>${list}</processes></gpu>`).join('\n')}</nvidia_smi_log>`;

describe('the processes that nvidia-smi lists', () => {
  it('are told with their GPU, kind and memory', () => {
    const text = document(
      entry(70100, 'C', 'python3', '12288 MiB') + entry(2817, 'G', '/usr/lib/xorg/Xorg', 'N/A'),
      entry(81300, 'C', 'python3', '7000 MiB', '3'),
    );
    assert.deepEqual(processesOf(text), [
      { gpuIndex: 0, pid: 70100, kind: 'C', memoryMb: 12288, gpuInstanceId: null, name: 'python3' },
      { gpuIndex: 0, pid: 2817, kind: 'G', memoryMb: null, gpuInstanceId: null, name: '/usr/lib/xorg/Xorg' },
      { gpuIndex: 1, pid: 81300, kind: 'C', memoryMb: 7000, gpuInstanceId: 3, name: 'python3' },
    ]);
  });

  it('count once where one draws and computes', () => {
    const both = entry(52377, 'C', 'kit', '2211 MiB') + entry(52377, 'G', 'kit', '2211 MiB');
    assert.deepEqual(processesOf(document(both)), [
      { gpuIndex: 0, pid: 52377, kind: 'C+G', memoryMb: 2211, gpuInstanceId: null, name: 'kit' },
    ]);
    assert.equal(processesOf(document(entry(1, 'C', 'a', 'N/A') + entry(1, 'G', 'a', '5 MiB')))?.[0]?.memoryMb, 5);
  });

  it('are none where there are none, and unknown where it does not say', () => {
    assert.deepEqual(processesOf(document('\n\t\t')), []);
    assert.equal(processesOf(document('N/A')), null);
    assert.equal(processesOf(''), null);
    assert.equal(processesOf('<processes>'), null);
  });

  it('do not mind what programs are called', () => {
    const names = ['a&lt;b &amp;amp; "c"', 'a<b & "c"', '</process_name><pid>1</pid><process_name>', 'x\u0007\u202ey'];
    const list = names.map((name, index) => entry(10 + index, 'C', name, '1 MiB')).join('');
    const found = processesOf(document(list + entry(99, 'C', 'last', '2 MiB')))!;
    assert.deepEqual(
      found.map(({ pid, name }) => [pid, name]),
      [
        [10, 'a<b &amp; "c"'],
        [13, 'x y'],
        [99, 'last'],
      ],
    );
  });

  it('are only those with a pid', () => {
    for (const pid of ['', '0', '-5', '1.5', 'x', '99999999999999999999'])
      assert.deepEqual(processesOf(document(entry(pid, 'C', 'x', '1 MiB'))), [], pid);
  });

  it('are read of documents of real machines', function () {
    const known = readFileSync('test/fixtures/nvidia-smi/gb10.xml', 'utf8');
    assert.ok(Array.isArray(processesOf(known)));
  });

  it('never break, and are never more than a table holds', () => {
    const text = document(entry(1, 'C', 'x', '1 MiB').repeat(3));
    const damage = fc.constantFrom(
      '<processes>',
      '</processes>',
      '<process_info>',
      '</process_info>',
      '<gpu ',
      '<',
      '',
    );
    fc.assert(
      fc.property(fc.nat(text.length), fc.nat(50), damage, (at, gone, put) => {
        for (const process of processesOf(text.slice(0, at) + put + text.slice(at + gone)) ?? [])
          assert.ok(process.pid > 0);
      }),
    );
    const many = Array.from({ length: 5000 }, (_, pid) => entry(pid + 1, 'C', 'x', '1 MiB')).join('');
    assert.equal(processesOf(document(many))?.length, 512);
    processesOf(document('<process_info>'.repeat(300_000)));
  });
});

describe('the owners of processes', () => {
  const listed = [{ gpuIndex: 0, pid: 42, kind: 'C', memoryMb: 1, gpuInstanceId: null, name: 'python3' }] as const;
  const stat = (pid: number, name: string) =>
    `stat ${pid} (${name}) S 1 ${Array.from({ length: 17 }, (_, n) => n).join(' ')} 787694 5382144`;

  it('come from the process table of the machine', () => {
    const [process] = withOwners(
      listed,
      `     42 a.lovelace                               python3 -m train --lr 1e-4\n${stat(42, 'pyth) on')}\n`,
    );
    assert.equal(process?.user, 'a.lovelace');
    assert.equal(process.command, 'python3 -m train --lr 1e-4');
    assert.equal(process.startTicks, 787694);
  });

  it('stay unknown for those that have ended', () => {
    const [process] = withOwners(listed, '');
    assert.deepEqual([process?.user, process?.command, process?.startTicks], [null, 'python3', null]);
  });

  it('hold no control characters, and no more than fits', () => {
    const [process] = withOwners(listed, `42 root \u001b[31mevil\u202e ${'x'.repeat(100_000)}`);
    assert.doesNotMatch(process!.command, /[\p{Cc}\p{Cf}]/u);
    assert.equal(process!.command.length, 1000);
  });
});
