import { readdir } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { PIPES } from './endpoint.js';

/**
 * The named pipe of the user's Pageant, which has one since PuTTY 0.76; undefined when it does not run or is older. The name is
 * `pageant.<user>.<hash>` (`agent_named_pipe_name` in PuTTY's source), the hash one that programs of the same session can work out by a
 * function of Windows which Node does not offer: so the pipes are listed.
 */
export async function findPageantPipe(
  user: string = userInfo().username,
  listPipes: () => Promise<readonly string[]> = () => readdir(PIPES),
): Promise<string | undefined> {
  const prefix = `pageant.${user}.`.toLowerCase();
  const names = await listPipes().catch(() => []);
  const name = names.find(
    candidate => candidate.toLowerCase().startsWith(prefix) && /^[0-9a-f]{64}$/i.test(candidate.slice(prefix.length)),
  );
  return name === undefined ? undefined : PIPES + name;
}
