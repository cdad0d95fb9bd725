import { randomBytes } from 'node:crypto';
import { type ErrorInfo, SparkError } from '../../shared/errors.js';
import { printable } from '../base/remoteText.js';
import { ADMIN_FOLDERS, authorizedKeysScript, findKeyProgram } from './authorizedKeysScript.js';
import { readPublicKeyLine } from './publicKeyLine.js';
import { run } from './run.js';
import type { SshSession } from './types.js';

const TIMEOUT_MS = 30_000;
const MAX_OUTPUT_BYTES = 64 * 1024;

/** What came of it. */
export interface InstalledKey {
  readonly outcome: 'added' | 'present';
  /** Why the server may refuse the key although it is there, and what to do about it. */
  readonly warning?: string;
}

/**
 * Lets a key log in as the user of a session, as `ssh-copy-id` does: adds its line to `~/.ssh/authorized_keys` unless the key is there already,
 * with whatever options and comment. Rejects with `invalidInput` for what is no public key, `remoteCommandFailed` with the reason when the file
 * cannot be written, and as {@link run} does. A server that is told to look for keys elsewhere (`AuthorizedKeysFile`) does not see it.
 */
export async function installPublicKey(
  session: SshSession,
  publicLine: string,
  options: { signal?: AbortSignal } = {},
): Promise<InstalledKey> {
  const { type, base64, text } = readPublicKeyLine(publicLine);
  const marker = randomBytes(16).toString('hex');
  const name = 'dgx-spark-authorized-keys';
  const { stdout, stderr } = await run(
    session,
    ['sh', '-c', authorizedKeysScript, name, marker, text, type, base64, findKeyProgram, ADMIN_FOLDERS],
    { timeoutMs: TIMEOUT_MS, maxBytes: MAX_OUTPUT_BYTES, ...options },
  );
  const answers = stdout.split('\n').flatMap(line => {
    const [first, ...words] = line.trim().split(' ');
    return first === marker ? [words] : [];
  });
  const [word, outcome = '', free] = answers.at(-1) ?? [];
  if (word === 'done' && (outcome === 'added' || outcome === 'present')) {
    const warning = strictModesWarning(answers);
    return { outcome, ...(warning !== undefined && { warning }) };
  }
  throw new SparkError(word === 'fail' ? explain(outcome, free) : unclear(stderr));
}

/** sshd_config(5), StrictModes: what others may write, or what belongs to somebody else, is not believed. */
function strictModesWarning(answers: readonly string[][]): string | undefined {
  const user = answers.find(([word]) => word === 'user')?.[1];
  const places = { home: '~', folder: '~/.ssh', file: '~/.ssh/authorized_keys' };
  const seen = Object.entries(places).map(([what, path]) => {
    const [, , mode = '', owner] = answers.find(([word, name]) => word === 'look' && name === what) ?? [];
    return {
      path,
      isOpen: /^.{5}w|^.{8}w/.test(mode),
      isForeign: owner !== undefined && owner !== '0' && owner !== user,
    };
  });
  const open = seen.filter(({ isOpen }) => isOpen).map(({ path }) => path);
  if (open.length > 0)
    return `The server may refuse the key, because others may write to ${open.join(' and ')}. Run "chmod go-w ${open.join(' ')}" on the machine.`;
  const foreign = seen.find(({ isForeign }) => isForeign);
  if (foreign === undefined) return undefined;
  return `The server may refuse the key, because ${foreign.path} belongs to another user. Give it back with "sudo chown" on the machine.`;
}

function explain(reason: string, freeKiB: string | undefined): ErrorInfo {
  const make = (message: string, hint: string): ErrorInfo => ({ code: 'remoteCommandFailed', message, hint });
  switch (reason) {
    case 'home':
      return make('The user has no home folder on the machine.', 'Make one, or log in as another user.');
    case 'awk':
      return make('The machine has no "awk", which is needed to add a key.', 'Add the key by hand.');
    case 'folder':
      return make(
        'The folder ~/.ssh of the machine cannot be written to.',
        'Check whom it and the home folder belong to.',
      );
    case 'type':
      return make(
        '~/.ssh/authorized_keys of the machine is not a file.',
        'Look at it on the machine and move it away.',
      );
    case 'unreadable':
    case 'unwritable':
      return make(
        `~/.ssh/authorized_keys of the machine cannot be ${reason === 'unreadable' ? 'read' : 'written to'}.`,
        'Check whom the file belongs to and its rights; "chmod 600" lets its owner write.',
      );
    case 'write':
    case 'kept':
      return freeKiB === '0'
        ? make('The key could not be added: the disk of the machine is full.', 'Make room in the home folder.')
        : make(
            'The key could not be added to ~/.ssh/authorized_keys.',
            'The disk may be full, or the user over quota: make room in the home folder.',
          );
    default:
      return unclear('');
  }
}

function unclear(complaint: string): ErrorInfo {
  const said = printable(complaint, 160).replace(/\.$/, '');
  return {
    code: 'remoteCommandFailed',
    message: `The machine did not say whether the key was added${said === '' ? '' : ` (${said})`}.`,
    hint: 'It needs a POSIX shell for this login; otherwise add the key by hand.',
  };
}
