/**
 * `npm start`: the main job. Opens VS Code with the extension installed and a connection to a Spark saved and connected:
 * a simulated one, or with `--host user@spark.local [--port 22] [--key FILE]` a real one. VS Code is the `code` on PATH,
 * else a downloaded one, else (or with `--server`) the npm-packaged server, whose address is printed. It has a profile of
 * its own in the cache folder. Ctrl-C, or closing the window, ends everything that was started.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ensureDependencies } from './lib/dependencies.mjs';
import { downloadedVsCode, installedVsCode, rootArguments, whyNoDesktop } from './lib/desktopVsCode.mjs';
import { ensurePrograms } from './lib/programs.mjs';
import { endAll, endGroup, run, startGroup } from './lib/run.mjs';
import { startSimulatedSpark } from './lib/simulatedSpark.mjs';
import {
  cacheFolder,
  ensureVsCodeServer,
  installExtension,
  serverIsInstalled,
  startServer,
} from './lib/vscodeServer.mjs';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));

const { values } = parseArgs({
  options: {
    host: { type: 'string' },
    port: { type: 'string', default: '22' },
    key: { type: 'string' },
    server: { type: 'boolean', default: false },
  },
});
const { name, publisher, version } = JSON.parse(readFileSync('package.json', 'utf8'));
const EXTENSION_ID = `${publisher}.${name}`;
const VSIX = resolve('out', `${name}-${version}.vsix`);
const SIMULATED = 'Simulated Spark';
/** An address that stays the same keeps what a browser has stored for it. */
const SERVER_PORT = 8190;

const profile = join(cacheFolder(), 'start');
const places = { dir: profile, extensionsDir: join(profile, 'extensions') };
const dataDir = join(profile, 'data');
const SETTINGS = {
  'extensions.autoCheckUpdates': false,
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.startupEditor': 'none',
};

/** What to end, in reverse order of starting. */
const endings = [];
let ending;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => void end(0));
try {
  await main();
} catch (error) {
  console.error(`[start] ${error.message}`);
  await end(1);
}

async function main() {
  const login = values.host === undefined ? undefined : parseLogin(values.host);
  await ensureDependencies(say);
  say('building');
  await succeed('the build', process.execPath, ['esbuild.mjs', '--tests']);
  await succeed('the packaging', process.execPath, ['scripts/package.mjs']);
  writeSettings();
  const editor = await chooseEditor();
  // the simulated Spark's key stays out of the user's own known_hosts wherever the editor lets us choose the home
  const env = editor.server && !login ? { HOME: ownHome() } : {};
  await editor.install(env);
  const spark = login ? undefined : await simulatedSpark();
  await saveConnection(spark, login, env);
  await editor.open(env);
}

function parseLogin(host) {
  const found = /^([^@\s]+)@([^@\s]+)$/.exec(host);
  if (!found) throw new Error('--host wants user@host, for example nvidia@spark-1a2b.local');
  const keys = ['id_ed25519', 'id_ecdsa', 'id_rsa'].map(file => join(homedir(), '.ssh', file));
  return {
    name: found[2],
    username: found[1],
    hostname: found[2],
    port: Number(values.port),
    sshKeyPath: values.key ? resolve(values.key) : (keys.find(file => existsSync(file)) ?? null),
  };
}

/** The first editor that this machine can open: how to install the extension in it and how to open it. */
async function chooseEditor() {
  const noDesktop = values.server ? '--server was given' : whyNoDesktop();
  if (noDesktop === undefined) {
    const installed = installedVsCode();
    if (installed) return desktopEditor(installed);
    say('no code on PATH; downloading VS Code');
    try {
      return desktopEditor(await downloadedVsCode());
    } catch (error) {
      say(`VS Code cannot be downloaded here (${error.message})`);
    }
  }
  say(`using the npm-packaged VS Code server${noDesktop ? `: ${noDesktop}` : ''}`);
  if (!serverIsInstalled()) await ensurePrograms(['compiler', 'libraries'], say);
  await ensureVsCodeServer(say);
  return serverEditor();
}

function desktopEditor(code) {
  const own = ['--user-data-dir', dataDir, '--extensions-dir', places.extensionsDir];
  return {
    install: async () => {
      const { code: failed, output } = await code.run([...own, '--force', '--install-extension', VSIX]);
      if (failed) throw new Error(`VS Code did not install the extension:\n${output}`);
    },
    open: async () => {
      const [command, ...args] = code.window;
      const window = startGroup(command, [...args, ...own, ...rootArguments(), '--new-window', workspace()], {
        stdio: 'ignore',
      });
      endings.push(() => endGroup(window), endDetachedWindows);
      window.on('exit', () => void end(0));
      say('VS Code is open. Close its window or press Ctrl-C to end everything.');
    },
  };
}

function serverEditor() {
  return {
    server: true,
    install: env => installExtension({ ...places, vsix: VSIX, env }),
    open: async env => {
      const start = port => startServer({ ...places, env, port });
      const server = await start(SERVER_PORT).catch(() => start(0));
      endings.push(() => server.stop());
      say('VS Code is ready. Press Ctrl-C to end everything. Open this address in a browser:');
      console.log(`${server.url}?folder=${encodeURIComponent(workspace())}`);
    },
  };
}

async function simulatedSpark() {
  say('starting the simulated Spark');
  const hostKey = join(profile, 'spark', 'host_key');
  const clientKey = join(profile, 'spark', 'id_ed25519');
  await seed({ do: 'keys', files: [hostKey, clientKey] }, {});
  const spark = await startSimulatedSpark({ hostKey, authorizedKey: `${clientKey}.pub` });
  endings.push(() => spark.stop());
  say(`the simulated Spark listens: ssh -p ${spark.port} -i ${clientKey} ${spark.username}@127.0.0.1`);
  return { ...spark, clientKey };
}

async function saveConnection(spark, login, env) {
  const where = {
    storageFolder: join(dataDir, 'User', 'globalStorage', EXTENSION_ID),
    engineFile: resolve('dist', 'engine.js'),
    extensionVersion: version,
  };
  endings.push(() => seed({ do: 'end', ...where, disconnect: spark ? SIMULATED : null }, env));
  const connection = login ?? {
    name: SIMULATED,
    hostname: '127.0.0.1',
    username: spark.username,
    port: spark.port,
    sshKeyPath: spark.clientKey,
  };
  // whom to trust on a real machine, and its password, is for the user to say, in the editor
  const fingerprint = spark ? { fingerprint: spark.hostKeyFingerprint } : {};
  await seed({ do: 'save', ...where, connection, ...fingerprint }, env);
  if (login) say(`In the editor, open DGX Spark and press Connect on "${login.name}".`);
}

async function seed(task, env) {
  const { code, output } = await run(process.execPath, ['out/desktop/seed.process.js', JSON.stringify(task)], {
    env,
    show: 'nothing',
    limitMs: 120_000,
  });
  const lines = output.trim();
  if (code !== 0) throw new Error(lines);
  if (lines !== '') for (const line of lines.split('\n')) say(line);
}

async function succeed(what, command, args) {
  const { code } = await run(command, args, { show: 'failure' });
  if (code !== 0) throw new Error(`${what} failed; see above.`);
}

function writeSettings() {
  const file = join(dataDir, 'User', 'settings.json');
  if (existsSync(file)) return;
  mkdirSync(join(dataDir, 'User'), { recursive: true });
  writeFileSync(file, `${JSON.stringify(SETTINGS, null, 2)}\n`);
}

function ownHome() {
  const home = join(profile, 'home');
  mkdirSync(join(home, '.ssh'), { recursive: true, mode: 0o700 });
  return home;
}

/** An empty folder: the extension needs none, but a window with one is what a user has. */
function workspace() {
  const folder = join(profile, 'workspace');
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** `code` starts its window in a session of its own, where ending the group does not reach; only ours names our profile. */
async function endDetachedWindows() {
  if (process.platform === 'win32') return;
  const { output } = await run('ps', ['-axo', 'pid=,args='], { show: 'nothing' });
  for (const line of output.split('\n')) {
    const pid = Number.parseInt(line, 10);
    if (line.includes(`--user-data-dir ${dataDir}`) && pid !== process.pid) {
      try {
        process.kill(pid, 'SIGTERM');
      } catch {
        // ended meanwhile
      }
    }
  }
}

function end(code) {
  ending ??= (async () => {
    for (const step of endings.reverse()) await step().catch(error => console.error(`[start] ${error.message}`));
    endAll();
    process.exit(code);
  })();
  return ending;
}

function say(line) {
  console.log(`[start] ${line}`);
}
