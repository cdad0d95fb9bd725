import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Job, JobInput } from '../../../src/shared/jobs.js';
import { DEFAULT_ENGINE_SETTINGS } from '../../../src/shared/settings.js';
import { HookServer } from '../../support/hookServer.js';
import { MailServer } from '../../support/mailServer.js';
import { makeKey, type Sshd, startSshd } from '../../support/sshd.js';
import { startUserManager } from '../../support/userManager.js';
import { newStorage, TestWindow } from '../../support/window.js';

type Config = JobInput['config'];

describe('training jobs on a real sshd', () => {
  const home = process.env['HOME'];
  const secrets = new Map<string, string>();
  let storage: ReturnType<typeof newStorage>;
  let sshd: Sshd;
  /** A folder of programs that sessions find first. */
  let programs: string;
  /** XDG_RUNTIME_DIR of sessions. */
  let runtimeFolder: string;
  let window: TestWindow;
  let connectionId: string;

  const openWindow = async () =>
    await TestWindow.open({
      storage: storage.folder,
      secrets,
      settings: { pollIntervalSeconds: 60, keepaliveSeconds: 1 },
    });
  const folderOf = (jobId: string) => join(sshd.folder, 'session-home', '.dgx-spark', 'jobs', jobId);
  const textOf = (jobId: string, name: string) => readFileSync(join(folderOf(jobId), name), 'utf8');
  const create = async (command: string, more: Partial<Config> & { name?: string } = {}) => {
    const { name = 'a job', ...config } = more;
    return await window.peer.request('jobs/create', { connectionId, name, config: { command, ...config } });
  };
  const start = async (job: Job) => await window.peer.request('jobs/start', { jobId: job.id });
  const reach = async (jobId: string, ...statuses: Job['status'][]) =>
    await window.until(`a job that is ${statuses.join(' or ')}`, ({ jobs }) =>
      jobs.find(({ id, status }) => id === jobId && statuses.includes(status)),
    );
  const finish = async (command: string, more: Partial<Config> = {}) => {
    const job = await create(command, more);
    await start(job);
    return await reach(job.id, 'completed', 'failed', 'stopped', 'lost');
  };
  const status = () => window.connection(connectionId)?.status;
  /** Cuts the link and waits until it is up again. */
  const cutLink = async () => {
    const since = status()?.since ?? 0;
    sshd.killSessions();
    await window.until('the link', () => status()?.state === 'connected' && (status()?.since ?? 0) > since);
  };
  const waitFor = (gate: string) => `until [ -e ${gate} ]; do sleep 0.1; done`;
  const lines = (path: string) => readFileSync(path, 'utf8').trim().split('\n');

  before(async () => {
    storage = newStorage();
    programs = mkdtempSync(join(tmpdir(), 'dgx-spark-programs-'));
    runtimeFolder = join(programs, 'run');
    mkdirSync(runtimeFolder, { mode: 0o700 });
    sshd = await startSshd({
      path: `${programs}:/usr/local/bin:/usr/bin:/bin`,
      runtimeFolder,
    });
    process.env['HOME'] = sshd.home;
    sshd.trust();
    const key = makeKey(join(sshd.folder, 'id_jobs'), 'ed25519');
    sshd.authorize(key);
    window = await openWindow();
    const { id } = await window.peer.request('connections/create', {
      ...{ name: 'real', hostname: '127.0.0.1', port: sshd.port, username: sshd.username, sshKeyPath: key },
    });
    connectionId = id;
    await window.peer.request('connections/connect', { connectionId });
  });
  after(async () => {
    await window.endEngine();
    await sshd.stop();
    storage.remove();
    rmSync(programs, { recursive: true });
    process.env['HOME'] = home;
  });

  it('runs a command and knows how it ended, with the output byte for byte', async () => {
    const job = await finish(`printf 'one\\ntwo\\033[31m\\377 no newline'; exit 7`);
    assert.deepEqual([job.status, job.exitCode, job.reason], ['failed', 7, 'It ended with exit code 7.']);
    assert.ok(job.startedAt !== null && job.completedAt !== null && job.completedAt >= job.startedAt);
    const chunk = await window.peer.request('jobs/readLog', { jobId: job.id });
    const expected = Buffer.from('one\ntwo\u001b[31m\xff no newline', 'latin1');
    assert.deepEqual(Buffer.from(chunk.data, 'base64'), expected);
    assert.deepEqual([chunk.offset, chunk.size], [0, expected.length]);
    const rest = await window.peer.request('jobs/readLog', { jobId: job.id, offset: 4, length: 3 });
    assert.equal(Buffer.from(rest.data, 'base64').toString(), 'two');
  });

  it('takes every field as text and nothing as code', async () => {
    const evil = `'"$(touch /tmp/never-$$) \`id\`\n!x \\ é`;
    const job = await finish('printf %s "$WORD"; pwd', { env: { WORD: evil }, folder: '/tmp' });
    assert.equal(job.status, 'completed');
    assert.equal(textOf(job.id, 'log'), `${evil}/tmp\n`);
    const missing = await finish('true', { folder: `/no $(id) 'such` });
    assert.deepEqual([missing.status, missing.exitCode], ['failed', 1]);
  });

  it('brings secrets to the job and leaves them nowhere', async () => {
    const job = await create('printf %s "$HF_TOKEN"; ls -1 "$HOME/.dgx-spark/jobs"/*/secrets', {
      secrets: ['HF_TOKEN'],
    });
    await assert.rejects(start(job), { code: 'secretMissing' });
    assert.deepEqual(await window.peer.request('jobs/missingSecrets', { jobId: job.id }), ['HF_TOKEN']);
    await window.peer.request('jobs/setSecret', { name: 'HF_TOKEN', value: 'hf_secret' });
    await start(job);
    const ended = await reach(job.id, 'completed', 'failed');
    assert.match(textOf(job.id, 'log'), /^hf_secret.*No such file/s);
    const left = readdirSync(folderOf(job.id), { recursive: true }).map(name => join(folderOf(job.id), String(name)));
    const holding = left.filter(path => statSync(path).isFile() && readFileSync(path).includes('hf_secret'));
    assert.deepEqual(holding, [join(folderOf(job.id), 'log')]);
    assert.ok(!JSON.stringify(ended).includes('hf_secret'));
    assert.equal(statSync(join(folderOf(job.id), 'env')).mode & 0o777, 0o600);
    await window.peer.request('notify/setSecret', { way: 'email', value: 'a password' });
    await window.peer.request('connections/forgetSecrets', { connectionId, keepKeys: true });
    assert.deepEqual([...secrets.values()].sort(), ['a password', 'hf_secret'], 'what belongs to no connection stays');
    await window.peer.request('connections/forgetSecrets', { keepKeys: true });
    assert.deepEqual([...secrets.values()], []);
  });

  it('tells its end by mail and webhook, by itself where it is to', async () => {
    const [mail, hook] = [await MailServer.start(), await HookServer.start()];
    await window.peer.request('settings/set', {
      ...DEFAULT_ENGINE_SETTINGS,
      ...{ emailHost: '127.0.0.1', emailPort: mail.port, emailSecurity: 'none', emailTo: 'me@example.org' },
    });
    const address = hook.url('/secret-path');
    await window.peer.request('notify/setSecret', { way: 'webhook', value: address });
    const failed = await finish('echo a last word; exit 3', { notify: ['email', 'webhook'] });
    await window.until('the job to be marked', ({ jobs }) => jobs.some(({ id, sent }) => id === failed.id && sent));
    assert.deepEqual([mail.mails.length, hook.posted.length], [1, 1]);
    assert.match(mail.mails[0]?.source ?? '', /has failed[^]*exit code 3[^]*a last word/);
    assert.equal((JSON.parse(hook.posted[0]?.body ?? '') as { exitCode: number }).exitCode, 3);

    const job = await create('tr "\\0" " " < /proc/$PPID/cmdline; exit 4', {
      name: 'by "itself"',
      notify: ['machineWebhook'],
    });
    await start(job);
    await hook.until(2);
    const { title, text } = JSON.parse(hook.posted[1]?.body ?? '') as { title: string; text: string };
    assert.match(title, /training job "by "itself"" has failed$/);
    assert.equal(text, 'It ended with exit code 4.');
    assert.equal(hook.posted[1]?.path, '/secret-path');
    const supervisor = Number(textOf(job.id, 'supervisor').split(' ')[0]);
    while (existsSync(`/proc/${supervisor}`)) await new Promise(resolve => setTimeout(resolve, 20));
    const left = readdirSync(folderOf(job.id)).map(name => join(folderOf(job.id), name));
    assert.deepEqual(
      left.filter(path => statSync(path).isFile() && readFileSync(path).includes('secret-path')),
      [],
    );
    await reach(job.id, 'failed');
    await window.peer.request('notify/setSecret', { way: 'webhook', value: '' });
    const refused = await finish('true', { notify: ['machineWebhook'] });
    assert.match(refused.reason ?? '', /none is set/);
    await mail.stop();
    await hook.stop();
  });

  it('survives the loss of the link, the end of the engine, and is started once', async () => {
    const gate = join(sshd.folder, 'gate');
    const job = await create(
      `echo began >> ${gate}.count; until [ -e ${gate} ]; do sleep 0.1; done; echo over; exit 3`,
    );
    await Promise.all([start(job), start(job), start(job)]);
    await reach(job.id, 'running');
    await cutLink();
    await start(job);
    process.kill(await window.enginePid(), 'SIGKILL');
    await window.until('the loss', ({ peer }) => peer.closed.aborted);
    writeFileSync(gate, '');
    window = await openWindow();
    const ended = await reach(job.id, 'failed');
    assert.deepEqual([ended.exitCode, textOf(job.id, 'log')], [3, 'over\n']);
    assert.deepEqual(lines(`${gate}.count`), ['began']);
    assert.equal(await window.peer.request('jobs/markTold', { jobId: job.id }), true);
    assert.equal(await window.peer.request('jobs/markTold', { jobId: job.id }), false);
  });

  it('ends up right when the link is cut at any moment of the start', async () => {
    const counts = join(sshd.folder, 'starts');
    const jobs = await Promise.all(
      [0, 1, 2, 3].map(async n => await create(`echo ${n} >> ${counts}; exit ${n}`, { name: `cut ${n}` })),
    );
    for (const [n, job] of jobs.entries()) {
      const started = start(job).catch(() => undefined);
      const sawStart = window.until('a start', ({ jobs: all }) => all.some(({ id, run }) => id === job.id && run > 0));
      if (n > 0) await sawStart;
      if (n > 1) await reach(job.id, 'starting', 'running', 'failed');
      await cutLink();
      await started;
      // what was never put into the queue is not started
      await start(job);
    }
    const ended = await Promise.all(jobs.map(async ({ id }) => await reach(id, 'completed', 'failed')));
    assert.deepEqual(
      ended.map(({ exitCode, run }) => [exitCode, run]),
      [0, 1, 2, 3].map(n => [n, 1]),
    );
    assert.deepEqual(lines(counts).sort(), ['0', '1', '2', '3']);
  });

  it('stops what a job has started, and what does not want to', async () => {
    const pids = join(sshd.folder, 'pids');
    const job = await create(
      `echo $$ >> ${pids}; trap '' TERM; sleep 300 & echo $! >> ${pids}; setsid sleep 300 & echo $! >> ${pids}; wait; while :; do sleep 1; done`,
    );
    await start(job);
    await window.until('its output', () => existsSync(pids) && lines(pids).length === 3);
    await reach(job.id, 'running');
    assert.equal((await window.peer.request('jobs/stop', { jobId: job.id })).status, 'stopping');
    const ended = await reach(job.id, 'stopped');
    assert.equal(ended.exitCode, 137);
    const alive = lines(pids).filter(pid => existsSync(`/proc/${pid}`) && !isZombie(pid));
    assert.deepEqual(alive, []);
  });

  it('knows that the machine was restarted, or that its number is another program’s now', async () => {
    const job = await create('sleep 300');
    await start(job);
    await reach(job.id, 'running');
    const [pid = ''] = textOf(job.id, 'pid').split(' ');
    writeFileSync(join(folderOf(job.id), 'boot'), 'another\n');
    const lost = await reach(job.id, 'lost');
    assert.equal(lost.reason, 'The machine was restarted while it ran.');
    assert.ok(existsSync(`/proc/${pid}`), 'a program that is not known to be the job was killed');
    process.kill(-Number(pid), 'SIGKILL');
  });

  it('lets jobs wait for their turn and for each other, starts them in order and again', async () => {
    const order = join(sshd.folder, 'order');
    const gate = join(sshd.folder, 'gate2');
    const first = await create(`until [ -e ${gate} ]; do sleep 0.1; done; echo first >> ${order}`);
    const second = await create(`echo second >> ${order}`);
    const third = await create(`echo third >> ${order}; exit 1`, { after: second.id });
    const fourth = await create(`echo fourth >> ${order}`, { after: third.id });
    for (const job of [first, fourth, third, second]) await start(job);
    const waiting = await window.peer.request('jobs/get', { jobId: second.id });
    assert.deepEqual([waiting.status, waiting.reason], ['queued', 'It waits for its turn.']);
    writeFileSync(gate, '');
    await reach(third.id, 'failed');
    const unmet = await reach(fourth.id, 'stopped');
    assert.match(unmet.reason ?? '', /did not complete/);
    assert.deepEqual(lines(order), ['first', 'second', 'third']);
    await start(second);
    await window.until('the second run', ({ jobs }) =>
      jobs.some(({ id, run, status }) => id === second.id && run === 2 && status === 'completed'),
    );
  });

  it('reads figures from the log and deletes a job with its folder', async () => {
    const job = await finish(
      `for n in 1 2 3; do printf '\\r %s%%|##| %s/3 [00:01<00:0%s, 1.0s/it]' $n $n $n; echo "{'loss': '0.$n', 'learning_rate': '2e-05', 'epoch': '$n'}"; done`,
    );
    assert.deepEqual([job.metrics?.loss, job.metrics?.step, job.metrics?.steps], [0.3, 3, 3]);
    const points = await window.peer.request('jobs/points', { jobId: job.id });
    assert.deepEqual(
      points.map(({ step, loss }) => [step, loss]),
      [
        [1, 0.1],
        [2, 0.2],
        [3, 0.3],
      ],
    );
    await window.peer.request('jobs/delete', { jobId: job.id, remoteFiles: true });
    assert.ok(!existsSync(folderOf(job.id)));
    await assert.rejects(window.peer.request('jobs/get', { jobId: job.id }), { code: 'notFound' });
  });

  it('reads the figures that a job writes into a file of its own, where it was told or where it works', async () => {
    const told = await finish(
      `echo "{'loss': 9.5}"; for n in 1 2; do echo "{\\"step\\": $n, \\"train/loss\\": 0.$n, \\"time\\": 1767225600}" >> "$DGX_SPARK_METRICS"; done`,
    );
    assert.deepEqual([told.metrics?.loss, told.metrics?.step], [0.2, 2]);
    const points = await window.peer.request('jobs/points', { jobId: told.id });
    assert.deepEqual(
      points.map(({ step, loss, at }) => [step, loss, at]),
      [
        [1, 0.1, 1_767_225_600_000],
        [2, 0.2, 1_767_225_600_000],
      ],
    );
    const folder = join(sshd.folder, 'session-home', 'training');
    mkdirSync(folder);
    writeFileSync(join(folder, 'dgx-metrics.jsonl'), '{"step": 99, "loss": 99}\n');
    utimesSync(join(folder, 'dgx-metrics.jsonl'), 1, 1);
    const quiet = await finish('true', { folder: '~/training' });
    assert.equal(quiet.metrics, null, 'one that was there before is not its');
    const there = await finish(`echo '{"step": 5, "eval_loss": 0.25}' > dgx-metrics.jsonl`, { folder: '~/training' });
    assert.deepEqual([there.metrics?.step, there.metrics?.evalLoss], [5, 0.25]);
  });

  it('says that memory ran out where the log of the kernel proves it', async () => {
    const killed = 'kill -9 $$';
    writeFileSync(join(programs, 'dmesg'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
    assert.match((await finish(killed)).reason ?? '', /perhaps because the machine ran out of memory/);
    const line = `Out of memory: Killed process 4242 (python3) total-vm:131072000kB, anon-rss:120000000kB, file-rss:0kB, shmem-rss:0kB, UID:${process.getuid?.() ?? 0} pgtables:234000kB oom_score_adj:0`;
    const program = join(programs, 'journalctl');
    writeFileSync(program, `#!/bin/sh\necho '${line}'\n`, { mode: 0o755 });
    assert.equal((await finish(killed)).reason, 'The machine ran out of memory and killed it.');
    writeFileSync(program, `#!/bin/sh\necho '${line.replace(/UID:\d+/, 'UID:123456')}'\n`, { mode: 0o755 });
    assert.match((await finish(killed)).reason ?? '', /perhaps/, 'it was somebody else’s');
    rmSync(program);
    rmSync(join(programs, 'dmesg'));
  });

  /** Puts an nvidia-smi there that knows so many GPUs. */
  const haveGpus = (count: number) => {
    const csv = `55, [N/A], [N/A], 61, 42.5, [N/A], 2400, [N/A], [N/A], P0, ${count}, 0x0000000000000000, NVIDIA GB10`;
    const rows = Array.from({ length: count }, (_, index) => `echo '${index}, ${csv}';`).join(' ');
    const xml = resolve('test', 'fixtures', 'nvidia-smi', 'gb10.xml');
    const smi = [
      '#!/bin/sh',
      `case $* in "-q -x") exec cat '${xml}' ;; *-lms*) while :; do ${rows} sleep 0.5; done ;; esac`,
      "echo '50, [N/A], 60, 40.5'",
    ];
    writeFileSync(join(programs, 'nvidia-smi'), smi.join('\n'), { mode: 0o755 });
  };

  it('starts what waits as soon as the GPUs are counted', async () => {
    const gate = join(sshd.folder, 'counted');
    const [first, second] = [await create(waitFor(gate)), await create(waitFor(gate))];
    await start(first);
    await reach(first.id, 'running');
    assert.equal((await start(second)).status, 'queued');
    haveGpus(2);
    await cutLink();
    await reach(second.id, 'running');
    writeFileSync(gate, '');
    await Promise.all([reach(first.id, 'completed'), reach(second.id, 'completed')]);
    rmSync(join(programs, 'nvidia-smi'));
  });

  it('adds what was recorded while nobody was connected to the history of the machine', async () => {
    haveGpus(1);
    const gate = join(sshd.folder, 'recorded');
    const job = await create(waitFor(gate));
    await start(job);
    await reach(job.id, 'running');
    const at = Math.floor(Date.now() / 1000) - 1800;
    writeFileSync(join(folderOf(job.id), 'usage'), `${at} 100000000 10 93,[N/A],71,88.5;\n`, { flag: 'a' });
    const past = async () =>
      (await window.peer.request('metrics/history', { connectionId, hours: 1 })).filter(row => row.at === at * 1000);
    assert.deepEqual(await past(), []);
    await window.endEngine();
    writeFileSync(gate, '');
    window = await openWindow();
    await reach(job.id, 'completed');
    await window.until('the history', ({ logLines }) =>
      logLines.some(line => /samples .* added to the history/.test(line)),
    );
    const [row, ...more] = await past();
    assert.deepEqual([row?.utilization, row?.temperatureC, row?.powerW, more.length], [93, 71, 88.5, 0]);
    rmSync(join(programs, 'nvidia-smi'));
  });

  it('runs as a unit of the user’s systemd where the user lingers, and as before where that fails', async function () {
    const manager = await startUserManager(runtimeFolder);
    if (!manager) this.skip();
    try {
      const ask = (value: string) =>
        writeFileSync(join(programs, 'loginctl'), `#!/bin/sh\necho Linger=${value}\n`, { mode: 0o755 });
      const command = 'cat /proc/self/cgroup; echo "$PATH"; exit 6';
      const said = async () => {
        const job = await finish(command);
        assert.equal(job.exitCode, 6);
        return { id: job.id, log: textOf(job.id, 'log') };
      };
      ask('no');
      assert.doesNotMatch((await said()).log, /dgx-spark-job-/);
      ask('yes');
      const { id, log } = await said();
      assert.match(log, new RegExp(`dgx-spark-job-${id}-1\\.service`));
      assert.ok(log.includes(`${programs}:`), 'the environment of the session');
      assert.ok(!existsSync(join(folderOf(id), 'session')));
      const long = await create('sleep 1000');
      await start(long);
      await reach(long.id, 'running');
      await window.peer.request('jobs/stop', { jobId: long.id });
      await reach(long.id, 'stopped');
      writeFileSync(join(programs, 'systemd-run'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
      assert.doesNotMatch((await said()).log, /dgx-spark-job-/);
    } finally {
      for (const name of ['loginctl', 'systemd-run']) rmSync(join(programs, name), { force: true });
      await manager.stop();
    }
  });

  it('adopts a program that was started by hand: its log, its end, and stopping it', async () => {
    const log = join(sshd.folder, 'by-hand.log');
    const byHand = () => {
      const file = openSync(log, 'w');
      const script = `console.log('{"step": 1, "loss": 0.5}'); setTimeout(() => {}, 600_000);`;
      const program = spawn(process.execPath, ['-e', script], { stdio: ['ignore', file, 'ignore'] });
      closeSync(file);
      return program;
    };
    const adopt = async (pid: number) =>
      await window.peer.request('jobs/adopt', { connectionId, name: 'by hand', pid });
    const first = byHand();
    const offered = await window.peer.request('jobs/adoptable', { connectionId });
    const found = offered.find(one => one.kind === 'process' && one.pid === first.pid);
    assert.ok(found?.kind === 'process');
    assert.match(found.command, /node -e console\.log/);
    const job = await adopt(first.pid!);
    await window.until('its log', ({ logSizes }) => (logSizes.get(job.id) ?? 0) > 0);
    first.kill();
    const ended = await reach(job.id, 'completed', 'failed', 'stopped', 'lost');
    assert.deepEqual([ended.status, ended.exitCode], ['completed', null]);
    assert.match(ended.reason ?? '', /only to who started it/);
    assert.equal(textOf(job.id, 'log'), '{"step": 1, "loss": 0.5}\n');
    await assert.rejects(start(job), { code: 'invalidInput' });
    await assert.rejects(adopt(first.pid!), { code: 'notFound' });

    const second = byHand();
    const gone = new Promise<string | null>(resolve => second.once('exit', (_code, signal) => resolve(signal)));
    const watched = await adopt(second.pid!);
    await reach(watched.id, 'running');
    await cutLink();
    assert.equal(second.exitCode, null, 'it is only watched');
    await window.peer.request('jobs/stop', { jobId: watched.id });
    assert.equal(await gone, 'SIGTERM');
    assert.equal((await reach(watched.id, 'stopped', 'completed', 'failed')).status, 'stopped');
  });
});

function isZombie(pid: string): boolean {
  return readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
}
