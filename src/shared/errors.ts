/**
 * Every way in which something can fail, by code. A code is stable: commands reject with it, other extensions and
 * tests compare it, and the editor chooses the buttons of a message by it.
 */
export const ERROR_CODES = [
  // how to get to the machine
  // the network on the way to it
  'hostNotFound',
  'connectionRefused',
  'hostUnreachable',
  'connectTimeout',
  'connectionLost',
  'notSsh',
  'noCommonAlgorithm',
  'discoveryFailed',
  // who it is
  'hostKeyUnknown',
  'hostKeyChanged',
  'hostKeyRevoked',
  'hostKeyRejected',
  'knownHostsUnreadable',
  'sshConfigInvalid',
  // who we are
  'keyMissing',
  'keyUnreadable',
  'keyFormat',
  'keyIsPublic',
  'passphraseNeeded',
  'passphraseWrong',
  'passwordNeeded',
  'answersNeeded',
  'agentUnavailable',
  'authFailed',
  // what runs over the connection
  'notConnected',
  'portBusy',
  'forwardRefused',
  'remoteCommandFailed',
  'nvidiaSmiMissing',
  'nvidiaSmiFailed',
  'nvidiaSmiSilent',
  // Ollama
  'ollamaMissing',
  'ollamaStopped',
  'ollamaFailed',
  'modelNotFound',
  'notEnoughMemory',
  // containers
  'dockerMissing',
  'dockerStopped',
  'dockerDenied',
  'dockerFailed',
  // files of the machine, and projects
  'sftpUnavailable',
  'fileNotFound',
  'fileExists',
  'fileDenied',
  'fileKind',
  'fileName',
  'fileTooBig',
  'fileChanged',
  'fileFailed',
  'fileUnsupported',
  'diskFull',
  'localFile',
  'transferStopped',
  'configInvalid',
  'configConflict',
  // jobs
  'jobRuns',
  'secretMissing',
  'launchFailed',
  'logReplaced',
  // messages outside of the editor
  'noticeFailed',
  // chains of prompts
  'chainInvalid',
  'ollamaUnreachable',
  'ollamaRefused',
  'modelMissing',
  'outsideFile',
  'resultsUnwritable',
  'workspaceUntrusted',
  // our own state
  'invalidInput',
  'notFound',
  'cancelled',
  'databaseNewer',
  'databaseUnwritable',
  'engineUnavailable',
  'engineOutdated',
  'internal',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/** An error as it crosses a boundary. Holds no secret, ever. */
export interface ErrorInfo {
  code: ErrorCode;
  /** One plain sentence: what happened. */
  message: string;
  /** One plain sentence: what the user can do about it. */
  hint?: string | undefined;
  /** Field of a form that the error belongs to (`hostname`, `sshKeyPath`, ...). */
  field?: string | undefined;
}

const NAME = 'SparkError';

/** An error with a code; the only kind that the engine lets out. */
export class SparkError extends Error {
  override readonly name = NAME;
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly field: string | undefined;

  constructor(info: ErrorInfo, options?: { cause?: unknown }) {
    super(info.message, options);
    this.code = info.code;
    this.hint = info.hint;
    this.field = info.field;
  }

  /** True when `error` is a SparkError, of the given code where one is named. Told by its name: each bundle has this class once. */
  static is(error: unknown, code?: ErrorCode): error is SparkError {
    if (!(error instanceof Error) || error.name !== NAME) return false;
    return code === undefined || (error as Error & { code?: unknown }).code === code;
  }

  /** The plain form that crosses a boundary. Anything that is not a SparkError becomes `internal`. */
  static toInfo(error: unknown): ErrorInfo {
    if (SparkError.is(error)) return { code: error.code, message: error.message, hint: error.hint, field: error.field };
    return { code: 'internal', message: error instanceof Error ? error.message : String(error) };
  }
}
