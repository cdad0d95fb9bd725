import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';

/** A user of this computer, for servers that ask the system about passwords. */
export interface SystemUser {
  readonly name: string;
  readonly password: string;
  readonly home: string;
  /** Lets a key log in: adds it to the user's `authorized_keys`. */
  authorize(publicLine: string): void;
  remove(): void;
}

/** Whether users can be made here. */
export function canCreateUsers(): boolean {
  return userInfo().uid === 0;
}

/** Makes a user with a password of its own. Needs to be run as root. */
export function createSystemUser(): SystemUser {
  const name = `dgxt${randomBytes(4).toString('hex')}`;
  const password = randomBytes(9).toString('base64url');
  const home = mkdtempSync(join(tmpdir(), 'user-'));
  execFileSync('useradd', ['--no-create-home', '--home-dir', home, '--shell', '/bin/sh', name]);
  execFileSync('chpasswd', { input: `${name}:${password}\n` });
  const id = (what: string) => Number(execFileSync('id', [what, name], { encoding: 'utf8' }));
  const own = (path: string) => chownSync(path, id('-u'), id('-g'));
  own(home);
  return {
    name,
    password,
    home,
    authorize(publicLine) {
      const folder = join(home, '.ssh');
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const file = join(folder, 'authorized_keys');
      writeFileSync(file, `${publicLine.trim()}\n`, { flag: 'a', mode: 0o600 });
      own(folder);
      own(file);
    },
    remove() {
      // a session of the user may still be going down
      execFileSync('userdel', ['--force', name], { stdio: 'ignore' });
      rmSync(home, { recursive: true, force: true });
    },
  };
}
