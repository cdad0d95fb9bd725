import { type ErrorInfo, SparkError } from '../../shared/errors.js';
import { printable } from '../base/remoteText.js';

/** SSH_FX codes of version 3 (draft-ietf-secsh-filexfer-02, 7). */
const STATUS = { eof: 1, noSuchFile: 2, permissionDenied: 3, badMessage: 5, unsupported: 8 } as const;

/** What was asked of the server, for messages: "read the folder", and of which path. */
export interface SftpRequest {
  readonly doing: string;
  readonly path?: string | undefined;
}

/** Whether the server said that there is no more to read. */
export function isEndOfFile(error: Error): boolean {
  return statusOf(error) === STATUS.eof;
}

/** What a status that is not OK means. */
export function explainStatus(error: Error, { doing, path }: SftpRequest): SparkError {
  const what = path === undefined ? 'the file' : `"${printable(path, 300)}"`;
  const make = (info: ErrorInfo) => new SparkError(info, { cause: error });
  switch (statusOf(error)) {
    case STATUS.noSuchFile:
      return make({ code: 'fileNotFound', message: `There is no ${what} on the Spark.` });
    case STATUS.permissionDenied:
      return make({
        code: 'fileDenied',
        message: `The Spark does not allow this user to ${doing} ${what}.`,
        hint: 'Its owner or an administrator can change who may.',
      });
    case STATUS.unsupported:
      return make({ code: 'fileUnsupported', message: `The Spark's file service cannot ${doing} ${what}.` });
    default:
      return make({
        code: 'fileFailed',
        message: `The Spark could not ${doing} ${what}${detail(error.message)}.`,
      });
  }
}

/** Why there is no channel for files. */
export function explainNoSftp(error: Error & { reason?: unknown; code?: unknown }): SparkError {
  const text = error.message;
  const make = (message: string, hint: string) =>
    new SparkError({ code: 'sftpUnavailable', message, hint }, { cause: error });
  if (/packet length|packet type|expected version/i.test(text))
    return make(
      'What the Spark answers is no file service.',
      'A start-up file of the login shell there (~/.bashrc) probably prints something: let it do so in interactive shells only.',
    );
  if (/subsystem|exit code|unexpected sftp session termination/i.test(text))
    return make(
      'The SSH server of the Spark has no file service (SFTP).',
      'Add "Subsystem sftp internal-sftp" to its sshd_config and restart it.',
    );
  return make(
    `The SSH server of the Spark opened no channel for files (${printable(text)}).`,
    'It may allow too few sessions on one connection (MaxSessions in its sshd_config).',
  );
}

/** The channel for files ended by itself, while the connection may well live on. */
export const CHANNEL_ENDED: ErrorInfo = {
  code: 'connectionLost',
  message: 'The file service of the Spark has ended.',
  hint: 'Try again; it is started anew.',
};

/** The server has answered something that is no answer to what it was asked. */
export function nonsense({ doing, path }: SftpRequest): SparkError {
  const what = path === undefined ? '' : ` "${printable(path, 300)}"`;
  return new SparkError({
    code: 'fileFailed',
    message: `The Spark did not answer properly when it was to ${doing}${what}.`,
  });
}

function statusOf(error: Error): unknown {
  return (error as { code?: unknown }).code;
}

/** OpenSSH says "Failure" of whatever it has no code for; other servers say more. */
function detail(text: string): string {
  const said = printable(text).replace(/\.$/, '');
  return said === '' || /^failure$/i.test(said) ? '' : ` (${said})`;
}
