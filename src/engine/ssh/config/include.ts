import { posix, win32 } from 'node:path';
import { expandAll, expandTilde, type Tokens } from './expansion.js';
import { glob } from './glob.js';
import { ConfigFault, quoted } from './problem.js';
import type { SshConfigSurroundings } from './surroundings.js';

/**
 * The files that one argument of Include means, which may be none. A relative name is below ~/.ssh where the user's file includes it, and
 * beside the system's file where that does. Environment variables and tokens are replaced as OpenSSH does since 9.9.
 * @param isUser whether it is the user's file, or one that it includes
 */
export async function includedFiles(
  written: string,
  isUser: boolean,
  tokens: Tokens,
  surroundings: SshConfigSurroundings,
): Promise<string[]> {
  const { platform, home, systemFile, env } = surroundings;
  const path = platform === 'win32' ? win32 : posix;
  const name = expandAll(written, tokens, env);
  if (name.startsWith('~') && !isUser)
    throw new ConfigFault(
      `The system's file includes ${quoted(name)}, which is different for each user.`,
      'Write the full path of the file.',
    );
  const whole = expandTilde(name, surroundings);
  const folder = isUser ? path.join(home, '.ssh') : path.dirname(systemFile);
  return glob(path.isAbsolute(whole) ? whole : `${folder}/${whole}`, platform);
}
