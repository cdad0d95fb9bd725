import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CHILD, ENDER, LAUNCH, SUPERVISOR } from '../../../src/engine/jobs/scripts.js';
import { hasSshd } from '../../support/sshd.js';
import { JobWorld } from '../../support/jobWorld.js';

/** All 256 bytes, for printf. */
/** What a job prints at once; a machine that runs all tests has less time. */
const MIB = process.env['CI'] ? 20 : 100;
const ALL_BYTES = Array.from({ length: 256 }, (_, byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');
/**
 * `sh -c <this> <name> <group> <folder> <program> <its arguments>`: runs it in a memory cgroup that is small, where its file `memory.events` is looked for:
 * this is the old kind of group, whose file of another name says `oom_kill` as well.
 */
const IN_LITTLE_MEMORY = [
  'mkdir "$1" && echo 64M > "$1/memory.limit_in_bytes" && echo 0 > "$1/cgroup.procs" || exit; : > "$2/events";',
  `exec unshare -m sh -c '`,
  'mount --bind "$1/memory.oom_control" "$2/events" && mount -t tmpfs none /sys/fs/cgroup || exit;',
  'place=/sys/fs/cgroup$(sed -n "s/^0:://p" /proc/self/cgroup); mkdir -p "$place"; : > "$place/memory.events";',
  `mount --bind "$2/events" "$place/memory.events" || exit; shift 2; exec "$@"' sh "$@"`,
].join(' ');
const MEMORY_GROUPS = '/sys/fs/cgroup/memory';

/** What no field may make anybody run. */
const EVIL = `we"ird 'q' $(touch never) \`touch never\` ; touch never & \\ %s !x é`;

describe('hard jobs on a real sshd', function () {
  let held: JobWorld | undefined;
  let world: JobWorld;

  const logOf = (jobId: string) => join(world.folderOf(jobId), 'log');
  const figures = async ({ id: jobId }: { id: string }) =>
    (await world.window.peer.request('jobs/points', { jobId })).map(({ step, loss }) => [step, loss]);
  /** A gate for a job, which waits for it to be opened. */
  const gates = (name: string) => {
    const file = (number: number) => join(world.sshd.folder, `${name}-${number}`);
    return {
      wait: (number: number) => `until [ -e ${file(number)} ]; do sleep 0.05; done`,
      open: (number: number) => writeFileSync(file(number), ''),
    };
  };

  before(async function () {
    if (!hasSshd()) this.skip();
    held = await JobWorld.start({ hastens: true });
    world = held;
  });
  after(async () => {
    await held?.close();
  });

  it(`keeps ${MIB} MiB that come at once, opens their end with one request, pages back, and reads the figures at both ends`, async () => {
    const printing = `echo '{"step": 1, "loss": 9}'; seq 20000000 | head -c ${MIB * 1024 * 1024}; echo; echo '{"step": 2, "loss": 0.5}'`;
    const job = await world.finish(printing);
    assert.deepEqual([job.status, job.exitCode], ['completed', 0]);
    const sum = (script: string) => execFileSync('sh', ['-c', script], { encoding: 'utf8' });
    assert.equal(sum(`sha256sum < ${logOf(job.id)}`), sum(`{ ${printing}; } | sha256sum`));

    const whole = readFileSync(logOf(job.id));
    const end = await world.window.peer.request('jobs/readLog', { jobId: job.id });
    assert.equal(end.size, whole.length);
    let at = end.offset;
    assert.ok(Buffer.from(end.data, 'base64').equals(whole.subarray(at)));
    for (let page = 0; page < 4; page += 1) {
      const length = 200_000;
      const { data, offset } = await world.window.peer.request('jobs/readLog', {
        ...{ jobId: job.id, offset: at - length, length },
      });
      assert.ok(Buffer.from(data, 'base64').equals(whole.subarray(offset, at)), `page ${page}`);
      at = offset;
    }
    assert.equal(job.metrics?.loss, 0.5);
    assert.deepEqual(await figures(job), [
      [1, 9],
      [2, 0.5],
    ]);
  });

  it('keeps what is no text: no line’s end, no UTF-8, what terminals obey', async () => {
    const obeyed = '\\033]0;a title\\007\\033[2J\\033[?1049h\\033P+q\\033\\\\';
    const job = await world.finish(
      `head -c 700001 /dev/zero | tr '\\0' x; printf '${ALL_BYTES}${obeyed}'; head -c 300000 /dev/zero; printf '\\303'`,
    );
    assert.deepEqual([job.status, job.reason, job.metrics], ['completed', null, null]);
    const expected = Buffer.concat([
      Buffer.alloc(700_001, 'x'),
      Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)),
      Buffer.from('\u001b]0;a title\u0007\u001b[2J\u001b[?1049h\u001bP+q\u001b\\'),
      Buffer.alloc(300_000),
      Buffer.from([0xc3]),
    ]);
    const log = await world.readLog(job);
    assert.ok(log.equals(expected), `${log.length} bytes, expected ${expected.length}`);
  });

  it('is ended by its time limit with all that it has started, in groups and sessions of their own and against TERM', async () => {
    const pids = join(world.sshd.folder, 'forked');
    const stubborn = `trap "" TERM; echo $$ >> ${pids}; while :; do sleep 0.2; done`;
    const forks = [
      `trap '' TERM; echo $$ >> ${pids}; set -m`,
      `sh -c '${stubborn}' &`,
      // its parent has ended: it belongs to nobody
      `( setsid sh -c '${stubborn}' & )`,
      // stopped, so that it hears nothing
      `sh -c 'echo $$ >> ${pids}; kill -STOP $$' &`,
      'while :; do sleep 0.2; done',
    ];
    const job = await world.create(forks.join('\n'), { timeLimitMinutes: 1 });
    await world.start(job);
    const ended = await world.end(job);
    assert.deepEqual([ended.status, ended.exitCode, ended.reason], ['failed', 137, 'It was ended by its time limit.']);
    const started = readFileSync(pids, 'utf8').trim().split('\n');
    assert.equal(started.length, 4);
    assert.deepEqual(
      started.filter(pid => runs(Number(pid))),
      [],
    );
  });

  it('runs nothing that is written in a name, a model, a folder, a value or a secret', async () => {
    const folder = join(world.sshd.folder, EVIL);
    mkdirSync(folder);
    const value = `${EVIL}\nsecond 'line'\n`;
    await world.window.peer.request('jobs/setSecret', { name: 'HF_TOKEN', value });
    const job = await world.create(`printf '%s|%s|' "$WORD" "$HF_TOKEN"; pwd; printf %s ${quoted(value)}`, {
      ...{ name: EVIL, modelName: EVIL, folder, env: { WORD: value }, secrets: ['HF_TOKEN'] },
    });
    await world.start(job);
    const ended = await world.end(job);
    assert.deepEqual([ended.status, ended.name, ended.modelName], ['completed', EVIL, EVIL]);
    assert.equal((await world.readLog(job)).toString(), `${value}|${value}|${folder}\n${value}`);
    const touched = readdirSync(world.sshd.folder, { recursive: true }).filter(name => String(name).endsWith('never'));
    assert.deepEqual([touched, existsSync('never')], [[], false]);
    // no form takes these, so nobody else is to either
    for (const wrong of [{ name: 'two\nlines' }, { modelName: 'two\nlines' }, { folder: '/two\nlines' }])
      await assert.rejects(world.create('true', wrong), { code: 'invalidInput' });
  });

  it('begins anew with a log that was cut off, and with another in its place', async () => {
    const gate = gates('log');
    const print = (step: number, loss: number) => `echo '{"step": ${step}, "loss": ${loss}}'`;
    const job = await world.create(
      [
        ...[print(1, 0.9), print(2, 0.8), gate.wait(1), print(3, 0.3), gate.wait(2)],
        `${print(4, 0.2)} >> "$HOME/.dgx-spark/jobs/$DGX_SPARK_JOB/log"`,
        ...[gate.wait(3), 'exit 5'],
      ].join('\n'),
    );
    const lossIs = async (loss: number) =>
      await world.window.until(`a loss of ${loss}`, ({ jobs }) =>
        jobs.some(({ id, metrics }) => id === job.id && metrics?.loss === loss),
      );
    const readOn = async (offset: number) => await world.window.peer.request('jobs/readLog', { jobId: job.id, offset });
    await world.start(job);
    await lossIs(0.8);
    const first = await readOn(0);

    writeFileSync(logOf(job.id), '');
    assert.equal((await readOn(first.size)).size, 0, 'a viewer is not told that it was cut off');
    gate.open(1);
    await lossIs(0.3);
    const second = await readOn(0);
    assert.equal(Buffer.from(second.data, 'base64').toString(), '{"step": 3, "loss": 0.3}\n');
    assert.deepEqual(await figures(job), [[3, 0.3]]);

    renameSync(logOf(job.id), `${logOf(job.id)}.old`);
    writeFileSync(logOf(job.id), `${' '.repeat(second.size)}\n`);
    gate.open(2);
    await lossIs(0.2);
    assert.notEqual((await readOn(second.size)).generation, second.generation, 'a viewer does not see another file');
    assert.deepEqual(await figures(job), [[4, 0.2]]);
    gate.open(3);
    assert.equal((await world.end(job)).exitCode, 5);
  });

  it('says that memory ran out where the kernel does, and only that it was killed where something else has done it', async function () {
    if (process.getuid?.() !== 0 || !existsSync(join(MEMORY_GROUPS, 'memory.oom_control'))) this.skip();
    const ways = [
      ['kill -KILL $$', 'It was killed (SIGKILL), perhaps because the machine ran out of memory.'],
      // last: what the log of the kernel says of it counts for some seconds
      ['head -c 300000000 /dev/zero | tail', 'The machine ran out of memory and killed it.'],
    ] as const;
    for (const [command, reason] of ways) {
      const job = await world.create(command);
      const parts = [SUPERVISOR, CHILD, ENDER, command, ...Array.from({ length: 6 }, () => '')];
      const group = join(MEMORY_GROUPS, `dgx-spark-test-${job.id}`);
      const words = [group, world.sshd.folder, 'sh', '-c', LAUNCH, 'launch', job.id, '1', '', '0', '10'];
      try {
        execFileSync('sh', ['-c', IN_LITTLE_MEMORY, 'sh', ...words], {
          input: [...parts.map(text => Buffer.from(text).toString('base64')), 'end', ''].join('\n'),
          env: { ...process.env, HOME: join(world.sshd.folder, 'session-home') },
        });
        // the engine finds it started
        await world.start(job);
        const ended = await world.end(job);
        assert.deepEqual([ended.status, ended.exitCode, ended.reason], ['failed', 137, reason]);
      } finally {
        const left = readFileSync(join(group, 'cgroup.procs'), 'utf8').trim().split('\n').filter(Boolean);
        // the last wait of what samples the machine
        for (const pid of left) if (runs(Number(pid))) writeFileSync(join(MEMORY_GROUPS, 'cgroup.procs'), pid);
        rmdirSync(group);
      }
    }
  });

  it('does not wait forever for a launcher that was ended before the job began', async () => {
    const job = await world.create('echo once');
    mkdirSync(join(world.folderOf(job.id), 'started-1'), { recursive: true });
    await world.start(job);
    const failed = await world.end(job);
    assert.deepEqual(
      [failed.status, failed.reason],
      ['failed', 'The launcher on the machine was ended before the job began. Start it again.'],
    );
    await world.start(job);
    assert.equal((await world.reach(job, 'completed')).run, 2);
    assert.equal((await world.readLog(job)).toString(), 'once\n');
  });

  it('takes a program that has got the number of a job for what it is', async () => {
    const bystander = spawn('/bin/sleep', ['600'], { stdio: 'ignore' });
    try {
      const numbersOf = (id: string) => world.textOf(id, 'pid').trim().split(' ');
      const [stopped, killed] = [await world.create('exec /bin/sleep 600'), await world.create('exec /bin/sleep 600')];
      await world.start(stopped);
      await world.reach(stopped, 'running');
      const [leader, start] = numbersOf(stopped.id);
      writeFileSync(join(world.folderOf(stopped.id), 'pid'), `${bystander.pid} ${start}\n`);
      await world.stop(stopped);
      assert.equal((await world.reach(stopped, 'stopped')).exitCode, 143);
      assert.ok(!runs(Number(leader)));
      assert.ok(runs(bystander.pid!), 'it was stopped in place of the job');

      await world.start(killed);
      await world.reach(killed, 'running');
      const [own, since] = numbersOf(killed.id);
      for (const name of ['supervisor', 'pid']) {
        const number = Number(world.textOf(killed.id, name).split(' ')[0]);
        process.kill(number, 'SIGKILL');
        writeFileSync(join(world.folderOf(killed.id), name), `${bystander.pid} ${since}\n`);
      }
      const ended = await world.end(killed);
      assert.deepEqual([ended.status, ended.exitCode], ['failed', null]);
      assert.match(ended.reason ?? '', /together with what watches it/);
      assert.ok(!runs(Number(own)) && runs(bystander.pid!));
    } finally {
      bystander.kill('SIGKILL');
    }
  });
});

/** Runs, or would if it were not stopped. */
function runs(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
}

/** A word for the shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
