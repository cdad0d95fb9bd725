import type { Stats } from 'node:fs';
import { readFile } from 'node:fs/promises';

/** The lists of users and groups, as in passwd(5) and group(5). */
export interface Accounts {
  readonly passwd: string;
  readonly group: string;
}

/**
 * Whether only the user and root can have written a file, which OpenSSH demands of ~/.ssh/config and of all included files. Like Debian's and
 * Ubuntu's it takes a file that a group may write when the group has nobody in it but the user, since that is what their default umask makes.
 */
export async function isSafelyOwned(
  stats: Pick<Stats, 'uid' | 'gid' | 'mode'>,
  uid: number,
  accounts: () => Promise<Accounts> = readAccounts,
): Promise<boolean> {
  if (stats.uid !== 0 && stats.uid !== uid) return false;
  if ((stats.mode & 0o002) !== 0) return false;
  return (stats.mode & 0o020) === 0 || isPrivateGroup(stats.gid, stats.uid, uid, await accounts());
}

/** A group whose members cannot be told is not private. */
function isPrivateGroup(gid: number, owner: number, uid: number, { passwd, group }: Accounts): boolean {
  const users = passwd.split('\n').map(line => line.split(':'));
  const inGroup = users.filter(([, , , userGid]) => userGid === String(gid));
  if (inGroup.some(([, , userId]) => userId !== String(uid))) return false;
  const ownerName = users.find(([, , userId]) => userId === String(owner))?.[0];
  const [, , , memberList] =
    group
      .split('\n')
      .map(line => line.split(':'))
      .find(fields => fields[2] === String(gid)) ?? [];
  if (ownerName === undefined || memberList === undefined) return false;
  const members = memberList.split(',').filter(name => name !== '');
  return members.every(name => name === ownerName) && inGroup.length + members.length > 0;
}

async function readAccounts(): Promise<Accounts> {
  const read = (path: string) => readFile(path, 'utf8').catch(() => '');
  const [passwd, group] = await Promise.all([read('/etc/passwd'), read('/etc/group')]);
  return { passwd, group };
}
