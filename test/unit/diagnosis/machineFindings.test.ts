import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  clockFinding,
  diskFinding,
  memoryFinding,
  systemFinding,
} from '../../../src/engine/diagnosis/machineFindings.js';
import type { Answer } from '../../../src/engine/diagnosis/remoteAnswers.js';
import type { Part } from '../../../src/engine/diagnosis/remoteScript.js';

const said = (text: string, status = 0): Answer => ({ text, status });
/** It began and never came to an end. */
const HUNG: Answer = { text: '', status: undefined };
const all = (answers: Partial<Record<Part, Answer>>) => new Map(Object.entries(answers) as [Part, Answer][]);

describe('what a machine is', () => {
  it('is told in one line, with the version of DGX OS that is installed last', () => {
    const release = 'os "Ubuntu 24.04.3 LTS"\ndgx "NVIDIA DGX Spark"\nversion "7.2.3"\nversion "7.5.0"';
    const { state, title } = systemFinding(
      all({ host: said('spark-1a2b'), kernel: said('Linux 6.17.0-1026-nvidia aarch64'), release: said(release) }),
    );
    assert.equal(state, 'ok');
    assert.equal(title, 'spark-1a2b: NVIDIA DGX Spark 7.5.0, Ubuntu 24.04.3 LTS, Linux 6.17.0-1026-nvidia aarch64');
  });

  it('may be known in part, or not at all', () => {
    assert.equal(systemFinding(all({ kernel: said('Linux 6 x86_64') })).title, 'The machine: Linux 6 x86_64');
    assert.equal(systemFinding(all({})).state, 'skipped');
    assert.equal(systemFinding(all({ host: HUNG })).state, 'warning');
  });
});

describe('the clock of a machine', () => {
  const at = 1_700_000_000_000;
  const check = (remote: string, heardAfterMs = 0) => clockFinding(said(remote), at, at + heardAfterMs);

  it('agrees within a few seconds', () => {
    for (const remote of [1_699_999_995, 1_700_000_000, 1_700_000_005]) assert.equal(check(String(remote)).state, 'ok');
  });

  it('is behind or ahead', () => {
    const behind = check('1699999820');
    assert.equal(behind.state, 'warning');
    assert.match(behind.title, /is 3 minutes behind the one here/);
    assert.match(check('1700007400').title, /is 2 hours ahead of the one here/);
    assert.match(check('1600000000').title, /is 1157 days behind/);
    assert.ok(behind.hint);
  });

  it('is not blamed for the time that an answer was under way', () => {
    // said at some time within the 20 seconds: it may have been right
    assert.equal(check('1700000000', 20_000).state, 'ok');
    assert.equal(check('1700000020', 20_000).state, 'ok');
    assert.equal(check('1700000030', 20_000).state, 'warning');
  });

  it('never warns of a clock that is right, however long anything took', () => {
    fc.assert(
      fc.property(fc.nat(100_000), fc.nat(100_000), fc.nat(999), (before, after, ms) => {
        const asked = at + ms;
        const remote = Math.floor((asked + before) / 1000);
        assert.equal(clockFinding(said(String(remote)), asked, asked + before + after).state, 'ok');
      }),
    );
  });

  it('is not known when it is not told', () => {
    for (const text of ['', 'date: command not found', '12x', '-5', '9'.repeat(40)])
      assert.equal(check(text).state, 'skipped');
    assert.equal(clockFinding(said('1700000000'), at, undefined).state, 'skipped');
  });
});

describe('the memory of a machine', () => {
  it('is enough or short', () => {
    const check = (total: number, available: number) =>
      memoryFinding(said(`MemTotal:       ${total} kB\nMemAvailable:   ${available} kB`));
    assert.deepEqual(check(127_600_748, 64_000_000), {
      ...{ step: 'Memory', state: 'ok', title: '61.0 GiB of 121.7 GiB available' },
    });
    const short = check(127_600_748, 4_000_000);
    assert.equal(short.state, 'warning');
    assert.match(short.hint ?? '', /freezes/);
    assert.equal(check(127_600_748, 0).state, 'warning');
  });

  it('is not known when it is not told', () => {
    assert.equal(memoryFinding(undefined).state, 'skipped');
    assert.equal(memoryFinding(said('sed: cannot read /proc/meminfo', 2)).state, 'skipped');
    assert.equal(memoryFinding(said('MemTotal: 0 kB\nMemAvailable: 0 kB')).state, 'skipped');
  });
});

describe('the disks of a machine', () => {
  const HEAD = 'Filesystem     1024-blocks      Used Available Capacity Mounted on';

  it('are full or not, each once', () => {
    const root = '/dev/nvme0n1p2  3844551680 961137920 2687945728      27% /';
    assert.deepEqual(diskFinding(said(`${HEAD}\n${root}\n${root}`)), {
      ...{ step: 'Disk', state: 'ok', title: '/ is 27 % full, 2.5 TiB free' },
    });
    const home = 'nas:/export/home a 100 95 5 95% /home/my name';
    const both = diskFinding(said(`${HEAD}\n${root}\n${home}`));
    assert.equal(both.state, 'warning');
    assert.match(both.title, /; \/home\/my name is 95 % full, 5 KiB free$/);
    assert.ok(both.hint);
  });

  it('are warned of above 90 %', () => {
    const check = (used: number) => diskFinding(said(`${HEAD}\n/dev/x 100 ${used} ${100 - used} ${used}% /`)).state;
    assert.deepEqual([check(90), check(91), check(100)], ['ok', 'warning', 'warning']);
    // reserved for root, so that less than nothing is left for others
    assert.equal(diskFinding(said(`${HEAD}\n/dev/x 100 100 -5 105% /`)).state, 'warning');
  });

  it('may not answer', () => {
    assert.equal(diskFinding(undefined).state, 'skipped');
    assert.equal(diskFinding(said('', 124)).state, 'warning');
    assert.equal(diskFinding(HUNG).state, 'warning');
    assert.equal(diskFinding(said('df: not found', 127)).state, 'skipped');
  });
});
