/** The programs that tests need beside Node: which are missing, and putting them there where we may. */
import { existsSync, mkdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { run } from './run.mjs';

const SYSTEM_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

/** Each part: the Debian packages that bring it and how to see whether it is there. */
const PARTS = {
  chromium: { packages: ['chromium', 'fonts-dejavu-core'], there: () => findChromium() !== undefined },
  sshd: { packages: ['openssh-server'], there: () => onPath('sshd') },
  ssh: { packages: ['openssh-client'], there: () => onPath('ssh') && onPath('ssh-keygen') },
  dropbear: { packages: ['dropbear-bin'], there: () => onPath('dropbear') },
  puttygen: { packages: ['putty-tools'], there: () => onPath('puttygen') },
  // for a login in two steps; only root can set a server up for that
  authenticator: {
    packages: ['libpam-google-authenticator'],
    there: () => process.getuid?.() !== 0 || findAuthenticator() !== undefined,
  },
  sqlite3: { packages: ['sqlite3'], there: () => onPath('sqlite3') },
  compiler: { packages: ['g++', 'make', 'python3', 'pkg-config'], there: () => COMPILER.every(onPath) },
  libraries: {
    packages: ['libkrb5-dev', 'libx11-dev', 'libxkbfile-dev'],
    there: () => spawnSync('pkg-config', ['--exists', 'krb5-gssapi', 'x11', 'xkbfile']).status === 0,
  },
};
const COMPILER = ['g++', 'make', 'python3', 'pkg-config'];

/** Path of the Chromium or Chrome that draws the workbench, or undefined. `CHROMIUM` overrules. */
export function findChromium() {
  if (process.env.CHROMIUM) return process.env.CHROMIUM;
  return ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'].map(findOnPath).find(Boolean);
}

/** First file of this name on PATH or in the system's own folders, which a user's PATH often leaves out. */
export function findOnPath(name) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...SYSTEM_FOLDERS];
  const endings = process.platform === 'win32' ? ['.cmd', '.exe'] : [''];
  return folders.flatMap(folder => endings.map(ending => join(folder, name + ending))).find(file => existsSync(file));
}

/** The PAM module that asks for the code of an authenticator, in any of the folders that Debian and Fedora have for it. */
function findAuthenticator() {
  const folders = ['/lib', '/lib64', '/usr/lib', '/usr/lib64', '/lib/x86_64-linux-gnu', '/lib/aarch64-linux-gnu'];
  return folders.map(folder => join(folder, 'security', 'pam_google_authenticator.so')).find(file => existsSync(file));
}

function onPath(name) {
  return findOnPath(name) !== undefined;
}

/**
 * Makes sure that parts are there: as root on Debian or Ubuntu missing ones are installed, anywhere else the error
 * says what to install.
 * @param {readonly (keyof typeof PARTS)[]} names
 * @param {(line: string) => void} say
 */
export async function ensurePrograms(names, say) {
  // sshd does not start without this folder, which the init system makes and a container therefore lacks
  if (names.includes('sshd') && process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true });
  const missing = names.filter(name => !PARTS[name].there());
  if (missing.length === 0) return;
  const packages = missing.flatMap(name => PARTS[name].packages);
  const command = `apt-get install ${packages.join(' ')}`;
  if (process.getuid?.() !== 0 || !onPath('apt-get')) {
    throw new Error(`These are missing: ${missing.join(', ')}. On Debian or Ubuntu: sudo ${command}`);
  }
  say(`Installing ${packages.join(' ')}`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  await run('apt-get', ['update', '-q'], { env, show: 'failure' });
  const install = ['install', '-q', '-y', '--no-install-recommends', ...packages];
  const { code } = await run('apt-get', install, { env, show: 'failure' });
  const still = missing.filter(name => !PARTS[name].there());
  if (code !== 0 || still.length > 0) throw new Error(`${command} did not bring: ${still.join(', ')}`);
}
