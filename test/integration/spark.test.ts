import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import { XMLParser } from 'fast-xml-parser';
import { Client, type ClientChannel, type SFTPWrapper } from 'ssh2';
import { type Finished, finish, OpenSsh } from '../spark/openSsh.js';
import { type Spark, type SparkOptions, startSpark } from '../spark/spark.js';
import { makeKeyPair } from '../spark/ssh/keys.js';

const PASSWORD = 'let me in';

let spark: Spark;
let openSsh: OpenSsh;
const keys = makeKeyPair('test');

async function start(options: SparkOptions = {}): Promise<void> {
  spark = await startSpark({ authorizedKeys: [keys.publicKey], password: PASSWORD, ...options });
  openSsh = new OpenSsh({ port: spark.port, username: 'nvidia', hostKeyLines: spark.hostKeyLines });
  openSsh.useKey(keys.privateKey);
}

function run(command: string, input?: string | Buffer): Promise<Finished> {
  return openSsh.run(command, input);
}

/** A login with ssh2, which the product uses. */
async function login(): Promise<Client> {
  const client = new Client();
  client.connect({ host: '127.0.0.1', port: spark.port, username: 'nvidia', privateKey: keys.privateKey });
  await once(client, 'ready');
  client.on('error', () => undefined);
  return client;
}

function exec(client: Client, command: string): Promise<ClientChannel> {
  return new Promise((resolve, reject) =>
    client.exec(command, (error, channel) => (error ? reject(error) : resolve(channel))),
  );
}

function tcp(client: Client, host: string, port: number): Promise<ClientChannel> {
  return new Promise((resolve, reject) =>
    client.forwardOut('127.0.0.1', 0, host, port, (error, channel) => (error ? reject(error) : resolve(channel))),
  );
}

function sftpOf(client: Client): Promise<SFTPWrapper> {
  return new Promise((resolve, reject) => client.sftp((error, sftp) => (error ? reject(error) : resolve(sftp))));
}

describe('simulated Spark', () => {
  before(function () {
    if (spawnSync('ssh', ['-V']).error) this.skip();
  });
  afterEach(async () => {
    await spark.close();
    openSsh.dispose();
  });

  describe('login', () => {
    it('lets the right key in, and no other', async () => {
      await start();
      assert.equal((await run('echo hello')).out, 'hello\n');
      openSsh.useKey(makeKeyPair('other').privateKey);
      const refused = await run('echo hello');
      assert.equal(refused.code, 255);
      assert.match(refused.err, /Permission denied \(publickey,password\)/);
      assert.equal(spark.logins(), 1);
    });

    it('lets the right password in, and no other', async () => {
      await start();
      const byPassword = ['-o', 'PreferredAuthentications=password'];
      const withPassword = (answer: string): Promise<Finished> =>
        openSsh.runAnswering(answer, byPassword, 'echo hello');
      assert.equal((await withPassword(PASSWORD)).out, 'hello\n');
      assert.match((await withPassword('something else')).err, /Permission denied/);
      assert.equal(spark.logins(), 1);
    });

    it('asks for a second factor when told to', async () => {
      const questions = [{ prompt: 'Code: ', echo: false }];
      await start({ keyboardInteractive: { questions, answers: ['123456'], secondFactor: true } });
      const options = [
        '-i',
        join(openSsh.folder, 'key'),
        '-o',
        'PreferredAuthentications=publickey,keyboard-interactive',
      ];
      const withCode = (answer: string): Promise<Finished> => openSsh.runAnswering(answer, options, 'echo hello');
      assert.equal((await withCode('123456')).out, 'hello\n');
      assert.equal((await withCode('000000')).code, 255);
    });

    it('asks one question a request when told to, and says only after the last that one was wrong', async () => {
      const questions = [
        { prompt: 'Password: ', echo: false },
        { prompt: 'Code: ', echo: true },
      ];
      await start({ keyboardInteractive: { questions, answers: ['one', 'two'], oneByOne: true } });
      const asked: string[][] = [];
      const tryWith = async (...answers: string[]): Promise<unknown> => {
        const client = new Client();
        client.on('keyboard-interactive', (_name, _instructions, _language, prompts, finish) => {
          asked.push(prompts.map(({ prompt }) => prompt));
          finish([answers.shift() ?? '']);
        });
        const ended = new Promise(resolve => client.once('ready', () => resolve('in')).once('error', resolve));
        client.connect({ host: '127.0.0.1', port: spark.port, username: 'nvidia', tryKeyboard: true });
        const how = await ended;
        client.end();
        return how;
      };
      assert.equal(await tryWith('one', 'two'), 'in');
      assert.deepEqual(asked, [['Password: '], ['Code: ']]);
      assert.ok((await tryWith('wrong', 'two')) instanceof Error);
      assert.deepEqual(asked.slice(2, 4), [['Password: '], ['Code: ']]);
    });

    it('lets a key in that was added to authorized_keys in its home', async () => {
      await start();
      const added = makeKeyPair('added');
      mkdirSync(join(spark.home, '.ssh'));
      writeFileSync(join(spark.home, '.ssh', 'authorized_keys'), `# mine\n${added.publicKey}\n`);
      openSsh.useKey(added.privateKey);
      assert.equal((await run('echo hello')).out, 'hello\n');
      writeFileSync(join(spark.home, '.ssh', 'authorized_keys'), '');
      assert.equal((await run('echo hello')).code, 255);
    });

    it('cannot begin on a port that is taken, and leaves nothing behind', async () => {
      await start();
      await assert.rejects(startSpark({ port: spark.port }), { code: 'EADDRINUSE' });
      assert.equal((await run('echo hello')).out, 'hello\n');
    });

    it('shows the host key that it says it has', async () => {
      const hostKey = makeKeyPair('host');
      await start({ hostKeys: [hostKey.privateKey] });
      writeFileSync(join(openSsh.folder, 'host.pub'), hostKey.publicKey);
      const printed = spawnSync('ssh-keygen', ['-lf', join(openSsh.folder, 'host.pub')], { encoding: 'utf8' }).stdout;
      assert.equal(printed.split(' ')[1], spark.hostKeyFingerprints[0]);
      assert.equal((await run('true')).code, 0);
    });
  });

  describe('programs', () => {
    it('run in a home of their own with a clean environment', async () => {
      process.env['SPARK_TEST_LEAK'] = 'yes';
      await start();
      const { out } = await run('pwd; echo "$HOME"; env | grep -c SPARK_TEST_LEAK');
      assert.equal(out, `${spark.home}\n${spark.home}\n0\n`);
      delete process.env['SPARK_TEST_LEAK'];
    });

    it('give their exit code, both outputs, and the end of their input', async () => {
      await start();
      const result = await run('cat; echo oops >&2; exit 3', 'in and out');
      assert.deepEqual(result, { code: 3, out: 'in and out', err: 'oops\n' });
    });

    it('carry megabytes both ways unharmed, however slow the reader is', async () => {
      await start();
      const data = randomBytes(6 * 1024 * 1024);
      const client = await login();
      const channel = await exec(client, 'cat; head -c 3000000 /dev/zero >&2; echo end >&2');
      const errors = buffer(channel.stderr);
      channel.end(data);
      assert.ok((await buffer(channel)).equals(data));
      assert.equal((await errors).length, 3_000_004);
      client.end();
    });

    it('receive signals, and tell which one ended them', async () => {
      await start();
      const client = await login();
      const channel = await exec(client, 'echo ready; exec sleep 600');
      await once(channel, 'data');
      channel.signal('TERM');
      const [code, signal] = (await once(channel, 'exit')) as [number | null, string];
      assert.deepEqual([code, signal], [null, 'SIGTERM']);
      client.end();
    });

    it('have a terminal when it is asked for', async () => {
      await start();
      const { out } = await finish(openSsh.ssh(['-tt'], 'test -t 0 && test -t 1 && echo terminal'));
      assert.match(out, /terminal/);
    });

    it('can be a shell', async () => {
      await start();
      const { out, code } = await finish(openSsh.ssh(['-T']), 'cd /\npwd\nexit 5\n');
      assert.deepEqual([out, code], ['/\n', 5]);
    });

    it('see the memory of the Spark', async () => {
      await start();
      spark.freeze(20);
      const { out } = await run('while read -r n v u; do case $n in Mem[TA]*) echo $v;; esac; done < /proc/meminfo');
      const { totalKiB, availableKiB } = spark.current().memory;
      assert.equal(out, `${totalKiB}\n${availableKiB}\n`);
      assert.equal((await run('exec sh -s', 'read -r n v u < /proc/meminfo; echo $v\n')).out, `${totalKiB}\n`);
    });
  });

  describe('nvidia-smi', () => {
    for (const shape of ['gb10', 'h100x8', 'mig'] as const)
      it(`prints the XML of ${shape}`, async () => {
        await start({ shape });
        spark.freeze(25);
        const { out, code } = await run('nvidia-smi -q -x');
        const parser = new XMLParser({ isArray: name => name === 'gpu', parseTagValue: false });
        const parsed = parser.parse(out) as {
          nvidia_smi_log: { gpu: { uuid: string; gpu_power_readings: { instant_power_draw: string } }[] };
        };
        assert.equal(code, 0);
        assert.deepEqual(
          parsed.nvidia_smi_log.gpu.map(gpu => [gpu.uuid, gpu.gpu_power_readings.instant_power_draw]),
          spark.current().gpus.map(gpu => [gpu.uuid, `${gpu.powerW.toFixed(2)} W`]),
        );
      });

    it('prints CSV with the fields that are asked for', async () => {
      await start();
      spark.freeze(30);
      const [gpu] = spark.current().gpus;
      const fields = 'index, name,memory.total,utilization.gpu,power.draw';
      const { out } = await run(`nvidia-smi --query-gpu='${fields}' --format=csv`);
      const power = gpu!.powerW.toFixed(2);
      assert.deepEqual(out.split('\n'), [
        'index, name, memory.total [MiB], utilization.gpu [%], power.draw [W]',
        `0, NVIDIA GB10, [N/A], ${gpu!.utilization!} %, ${power} W`,
        '',
      ]);
      const bare = await run('nvidia-smi --query-gpu=power.draw --format=csv,noheader,nounits');
      assert.equal(bare.out, `${power}\n`);
      const apps = await run('nvidia-smi --query-compute-apps=pid,used_memory --format=csv,noheader,nounits');
      const computing = gpu!.processes.filter(process => process.type === 'C');
      assert.equal(apps.out, computing.map(process => `${process.pid}, ${process.usedMiB}\n`).join(''));
      const wrong = await run('nvidia-smi --query-gpu=nonsense --format=csv');
      assert.deepEqual([wrong.code, wrong.out], [2, 'Field "nonsense" is not a valid field to query.\n\n']);
    });

    it('prints again and again with -l, and the shape may change meanwhile', async () => {
      await start();
      const client = await login();
      const channel = await exec(client, 'nvidia-smi -q -x --loop-ms=20');
      let seen = '';
      const until = (wanted: string): Promise<void> =>
        new Promise(resolve => {
          const look = (): void => {
            if (!seen.includes(wanted)) return;
            seen = seen.slice(seen.indexOf(wanted) + wanted.length);
            changed = () => undefined;
            resolve();
          };
          changed = look;
          look();
        });
      let changed = (): void => undefined;
      channel.on('data', (piece: Buffer) => {
        seen += piece.toString();
        changed();
      });
      await until('</nvidia_smi_log>');
      await until('</nvidia_smi_log>');
      spark.setShape('h100x8');
      await until('<attached_gpus>8<');
      await until('</nvidia_smi_log>');
      client.end();
    });

    it('fails as it does without a GPU and without a driver', async () => {
      await start({ shape: 'noGpu' });
      assert.deepEqual(await run('nvidia-smi -q -x'), { code: 6, out: 'No devices were found\n', err: '' });
      spark.setShape('noDriver');
      const { code, out } = await run('nvidia-smi');
      assert.equal(code, 9);
      assert.match(out, /^NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver\. Make sure/);
    });

    it('prints a table and a list', async () => {
      await start();
      assert.match((await run('nvidia-smi')).out, /\| +0 +NVIDIA GB10 +On +\| +0000000F:01:00\.0 Off \| +N\/A \|/);
      assert.match((await run('nvidia-smi -L')).out, /^GPU 0: NVIDIA GB10 \(UUID: GPU-[0-9a-f-]{36}\)\n$/);
    });
  });

  describe('files', () => {
    it('go up and come back by sftp', async () => {
      await start();
      const data = randomBytes(700_000);
      writeFileSync(join(openSsh.folder, 'up'), data);
      const script = [
        `mkdir deep`,
        `put ${join(openSsh.folder, 'up')} deep/one`,
        'rename deep/one deep/two',
        'ln -s two deep/link',
        'chmod 600 deep/two',
        'ls -la deep',
        `get deep/link ${join(openSsh.folder, 'down')}`,
        'rm deep/link',
        'rm deep/two',
        'rmdir deep',
        'pwd',
      ];
      const { code, out, err } = await openSsh.sftp(script);
      assert.equal(code, 0, err);
      assert.ok(readFileSync(join(openSsh.folder, 'down')).equals(data));
      assert.match(out, /-rw------- .* 700000 .* (deep\/)?two\n/);
      assert.match(out, new RegExp(`Remote working directory: ${spark.home}\n`));
    });

    it('are reached by ssh2 too, and what is missing is said', async () => {
      await start();
      const client = await login();
      const sftp = await sftpOf(client);
      await new Promise<void>((done, fail) => sftp.symlink('target', 'link', error => (error ? fail(error) : done())));
      const target = await new Promise((done, fail) =>
        sftp.readlink('link', (error, path) => (error ? fail(error) : done(path))),
      );
      assert.equal(target, 'target');
      const missing = new Promise((done, fail) =>
        sftp.stat('nothing', (error, stats) => (error ? fail(error) : done(stats))),
      );
      await assert.rejects(missing, { code: 2 });
      client.end();
    });

    it('cannot be written on a full disk', async () => {
      await start();
      const client = await login();
      const sftp = await sftpOf(client);
      const write = (): Promise<void> =>
        new Promise((done, fail) => sftp.writeFile('file', 'text', error => (error ? fail(error) : done())));
      spark.faults.fillDisk(true);
      await assert.rejects(write(), { code: 4 });
      spark.faults.fillDisk(false);
      await write();
      assert.equal(readFileSync(join(spark.home, 'file'), 'utf8'), 'text');
      client.end();
    });
  });

  describe('forwarding', () => {
    it('reaches Ollama on the port that a Spark has it on', async () => {
      await start();
      const child = openSsh.ssh(['-W', '127.0.0.1:11434']);
      child.stdin.write('GET /api/version HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
      const out = await text(child.stdout);
      assert.match(out, /^HTTP\/1\.1 200 OK\r\n[^]*{"version":"\d+\.\d+\.\d+"}/);
    });

    it('reaches a Unix socket', async () => {
      await start();
      const path = join(spark.home, 'socket');
      const server = createServer(socket => socket.pipe(socket)).listen(path);
      await once(server, 'listening');
      const client = await login();
      const channel = await new Promise<ClientChannel>((resolve, reject) =>
        client.openssh_forwardOutStreamLocal(path, (error, stream) => (error ? reject(error) : resolve(stream))),
      );
      channel.end('there and back');
      assert.equal(await text(channel), 'there and back');
      client.end();
      server.close();
    });

    it('does not leave this computer, and can be refused', async () => {
      await start();
      const client = await login();
      await assert.rejects(tcp(client, '192.0.2.1', 80));
      spark.faults.refuseForwarding(true);
      await assert.rejects(tcp(client, 'localhost', 11434));
      spark.faults.refuseForwarding(false);
      await tcp(client, 'localhost', 11434);
      await spark.until(() => spark.forwards() === 1);
      client.end();
      await spark.until(() => spark.forwards() === 0);
    });
  });

  describe('faults', () => {
    it('drops every link, and takes new ones', async () => {
      await start();
      const client = await login();
      await exec(client, 'cat');
      spark.faults.dropLinks();
      await once(client, 'close');
      await spark.until(() => spark.sessions() === 0 && spark.runningPrograms() === 0);
      assert.equal((await run('echo again')).out, 'again\n');
    });

    it('goes silent: links stay, nothing is answered until it is over', async () => {
      await start();
      const client = await login();
      spark.faults.goSilent(true);
      const echoed = exec(client, 'echo back').then(text);
      const fresh: Socket = connect(spark.port, '127.0.0.1');
      await once(fresh, 'connect');
      assert.equal(fresh.bytesRead, 0);
      assert.deepEqual([spark.sessions(), spark.programs().length], [1, 0]);
      spark.faults.goSilent(false);
      assert.equal(await echoed, 'back\n');
      assert.match(String((await once(fresh, 'data'))[0]), /^SSH-2\.0-/);
      fresh.destroy();
      client.end();
    });

    it('goes offline and comes back on the same port', async () => {
      await start();
      const client = await login();
      await spark.faults.goOffline(true);
      await once(client, 'close');
      assert.match((await run('true')).err, /Connection refused/);
      await spark.faults.goOffline(false);
      assert.equal((await run('echo here')).out, 'here\n');
    });

    it('refuses logins', async () => {
      await start();
      spark.faults.refuseLogins(true);
      assert.match((await run('true')).err, /Permission denied/);
      spark.faults.refuseLogins(false);
      assert.equal((await run('true')).code, 0);
    });

    it('is slow, and nothing is lost or out of order', async () => {
      await start();
      spark.faults.slow(1);
      const data = randomBytes(300_000).toString('base64');
      assert.equal((await run('cat', data)).out, data);
    });

    it('has an nvidia-smi that is broken, missing, or hangs', async () => {
      await start();
      spark.faults.nvidiaSmi('garbage');
      assert.doesNotMatch((await run('nvidia-smi -q -x')).out, /<\/nvidia_smi_log>/);
      spark.faults.nvidiaSmi('missing');
      assert.equal((await run('nvidia-smi -q -x')).code, 127);
      spark.faults.nvidiaSmi('hang');
      const client = await login();
      const channel = await exec(client, 'echo begin; nvidia-smi -L');
      await once(channel, 'data');
      const rest = text(channel);
      spark.faults.nvidiaSmi('none');
      assert.match(await rest, /^GPU 0: NVIDIA GB10/);
      client.end();
    });
  });
});
