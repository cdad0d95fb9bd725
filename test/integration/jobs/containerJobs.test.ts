import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Dockerd, hasDockerd, startDockerd } from '../../support/dockerd.js';
import { hasSshd } from '../../support/sshd.js';
import { JobWorld, type NewJob } from '../../support/jobWorld.js';

describe('jobs in containers of a real Docker over a real sshd', function () {
  let dockerd: Dockerd | undefined;
  let held: JobWorld | undefined;
  let world: JobWorld;

  const contained = (image: string, more: object = {}): NewJob => ({
    ...{ gpus: 'none', runner: { kind: 'container', image, ...more } },
  });
  const docker = async (...argv: string[]) => (await dockerd!.docker(...argv)).trim();
  const names = async (...argv: string[]) => (await docker('ps', '--format', '{{.Names}}', ...argv)).split('\n');
  const hasPrinted = async (jobId: string, text: string) => {
    await world.window.until(`${text} in the log`, ({ logSizes }) => {
      const size = logSizes.get(jobId) ?? 0;
      return size > 0 && world.textOf(jobId, 'log').includes(text);
    });
  };

  before(async function () {
    if (!hasDockerd() || !hasSshd()) this.skip();
    try {
      dockerd = await startDockerd();
      // some machines may not start containers at all
      await dockerd.docker('run', '--rm', '--network=none', dockerd.image, 'true');
    } catch (error) {
      if (process.env['CI_NEEDS_DOCKER'] !== undefined) throw error;
      console.warn(`skipped: ${String(error).slice(0, 300)}`);
      this.skip();
    }
    held = await JobWorld.start({ hastens: true, programs: [dockerd.bin] });
    world = held;
  });
  after(async () => {
    await held?.close();
    await dockerd?.stop();
  });

  it('runs one to its end over lost links and engines, with its folder, environment and secrets, which stand in no arguments', async () => {
    const folder = join(world.sshd.folder, `we"ird '$(id)' \`id\``);
    mkdirSync(folder);
    const secret = `hf_'secret' $(id)\nof two lines`;
    const value = `"$(id)" 'q' \\ é\n%s`;
    await world.window.peer.request('jobs/setSecret', { name: 'HF_TOKEN', value: secret });
    const job = await world.create(
      [
        `echo "told: $WORD|$HF_TOKEN"; cat given; printf 'by the job' > made; printf '\\377\\033[31mno newline'`,
        'until [ -e gate ]; do sleep 0.1; done',
        'exit 7',
      ].join('\n'),
      {
        ...contained(dockerd!.image, { shmSize: '16m', volumes: [`${folder}:/elsewhere:ro`] }),
        ...{ folder, env: { WORD: value }, secrets: ['HF_TOKEN'] },
      },
    );
    writeFileSync(join(folder, 'given'), 'from the folder\n');
    await world.start(job);
    await hasPrinted(job.id, 'no newline');
    const name = `dgx-spark-${job.id}-1`;
    assert.deepEqual(await names(), [name]);
    assert.deepEqual(
      readdirSync('/proc').filter(pid => /^\d+$/.test(pid) && argumentsOf(pid).includes('hf_')),
      [],
    );
    const [described] = JSON.parse(await docker('inspect', name)) as [
      { Args: string[]; Config: { Labels: Record<string, string> }; HostConfig: { ShmSize: number; IpcMode: string } },
    ];
    assert.ok(!JSON.stringify(described.Args).includes('hf_'));
    assert.equal(described.Config.Labels['dgx-spark.job'], job.id);
    assert.equal(described.HostConfig.IpcMode, 'host');

    await world.cutLink();
    await world.killEngine();
    await world.reach(job, 'running');
    writeFileSync(join(folder, 'gate'), '');
    const ended = await world.end(job);
    assert.deepEqual([ended.status, ended.exitCode, ended.run], ['failed', 7, 1]);
    const expected = Buffer.concat([
      Buffer.from(`told: ${value}|${secret}\nfrom the folder\n`),
      Buffer.from([0xff]),
      Buffer.from('\u001b[31mno newline'),
    ]);
    assert.deepEqual(await world.readLog(job), expected);
    assert.equal(readFileSync(join(folder, 'made'), 'utf8'), 'by the job');
    assert.deepEqual(await names('-a'), [''], 'the container is left');
  });

  it('says why one did not start', async () => {
    const job = await world.finish('true', contained('127.0.0.1:1/none:1'));
    assert.deepEqual([job.status, job.exitCode], ['failed', 125]);
    assert.match((await world.readLog(job)).toString(), /Unable to find image '127\.0\.0\.1:1\/none:1'/);
  });

  it('stops one by Docker, so that what runs in it may end in order', async () => {
    const job = await world.create(
      `trap 'echo in order; exit 3' TERM; echo ready; while :; do sleep 0.1; done`,
      contained(dockerd!.image),
    );
    await world.start(job);
    await hasPrinted(job.id, 'ready');
    const since = String(Math.floor(Date.now() / 1000) - 1);
    const [name = ''] = await names();
    await world.stop(job);
    const ended = await world.reach(job, 'stopped');
    assert.equal(ended.exitCode, 3);
    assert.equal((await world.readLog(job)).toString(), 'ready\nin order\n');
    const told = await docker(
      ...['events', '--since', since, '--until', String(Math.floor(Date.now() / 1000) + 1)],
      ...['--filter', `container=${name}`, '--format', '{{.Action}} {{.Actor.Attributes.signal}}'],
    );
    assert.match(told, /^kill 15$[^]*^stop /m);
    assert.deepEqual(await names('-a'), ['']);
  });

  it('adopts one that runs: all it has printed, its end, and stopping it', async () => {
    const byHand = async (name: string, script: string) =>
      await docker('run', '-d', '--network=none', '--name', name, dockerd!.image, 'sh', '-c', script);
    await byHand('first', 'echo before; until [ -e /gate ]; do sleep 0.1; done; echo after >&2; exit 9');
    const own = await world.create(`trap 'exit 0' TERM; while :; do sleep 0.1; done`, contained(dockerd!.image));
    await world.start(own);
    await world.reach(own, 'running');
    const { connectionId } = world;
    const offered = async () =>
      (await world.window.peer.request('jobs/adoptable', { connectionId })).flatMap(one =>
        one.kind === 'container' ? [`${one.name} ${one.image}`] : [],
      );
    assert.deepEqual(await offered(), ['first busybox:test'], 'containers of jobs are jobs already');
    const adopt = async (container: string) =>
      await world.window.peer.request('jobs/adopt', { connectionId, container });
    const first = await adopt('first');
    await hasPrinted(first.id, 'before');
    await world.killEngine();
    await docker('exec', 'first', 'sh', '-c', 'echo > /gate');
    const ended = await world.end(first);
    assert.deepEqual([ended.status, ended.exitCode], ['failed', 9]);
    assert.equal((await world.readLog(first)).toString(), 'before\nafter\n');
    await assert.rejects(world.start(first), { code: 'invalidInput' });

    await byHand('second', `trap 'echo in order; exit 0' TERM; echo ready; while :; do sleep 0.1; done`);
    const second = await adopt('second');
    await hasPrinted(second.id, 'ready');
    await world.stop(second);
    assert.equal((await world.reach(second, 'stopped')).exitCode, 0);
    assert.equal((await world.readLog(second)).toString(), 'ready\nin order\n');
    assert.deepEqual(await names('--filter', 'name=second', '-a'), ['second'], 'what is not ours is not removed');
    assert.equal((await world.reach(own, 'running', 'failed', 'completed')).status, 'running');
    await world.stop(own);
    await world.reach(own, 'stopped');
  });
});

/** The arguments of a process, empty where it is gone. */
function argumentsOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}
