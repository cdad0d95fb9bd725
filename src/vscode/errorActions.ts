import type { ErrorCode, ErrorInfo } from '../shared/errors.js';

/** Buttons that a message about a failure may have, and what they say. */
export const ERROR_ACTIONS = {
  retry: 'Try Again',
  edit: 'Edit Connection',
  log: 'Show Log',
  knownHosts: 'Open known_hosts',
  sshConfig: 'Open SSH Config',
  diagnose: 'Diagnose',
  connect: 'Connect',
  portSetting: 'Change Port',
  reload: 'Reload Window',
  trust: 'Manage Trust',
  noticeSettings: 'Open Settings',
} as const;
export type ErrorAction = keyof typeof ERROR_ACTIONS;

/** What helps against each failure, the likeliest first. A code that is missing here does not compile. */
const ACTIONS: Readonly<Record<ErrorCode, readonly ErrorAction[]>> = {
  hostNotFound: ['retry', 'edit', 'diagnose'],
  connectionRefused: ['retry', 'edit', 'diagnose'],
  hostUnreachable: ['retry', 'edit', 'diagnose'],
  connectTimeout: ['retry', 'edit', 'diagnose'],
  connectionLost: ['retry', 'diagnose', 'log'],
  notSsh: ['edit', 'log'],
  noCommonAlgorithm: ['log'],
  discoveryFailed: ['retry', 'log'],
  hostKeyUnknown: ['retry'],
  hostKeyChanged: ['knownHosts', 'log'],
  hostKeyRevoked: ['knownHosts', 'log'],
  hostKeyRejected: ['retry'],
  knownHostsUnreadable: ['knownHosts', 'retry'],
  sshConfigInvalid: ['sshConfig', 'retry'],
  keyMissing: ['edit'],
  keyUnreadable: ['edit', 'retry'],
  keyFormat: ['edit'],
  keyIsPublic: ['edit'],
  passphraseNeeded: ['retry', 'edit'],
  passphraseWrong: ['retry', 'edit'],
  passwordNeeded: ['retry', 'edit'],
  answersNeeded: ['retry', 'edit'],
  agentUnavailable: ['retry', 'edit'],
  authFailed: ['retry', 'edit', 'diagnose'],
  notConnected: ['connect'],
  portBusy: ['portSetting', 'retry'],
  forwardRefused: ['retry', 'log'],
  remoteCommandFailed: ['log'],
  nvidiaSmiMissing: ['log'],
  nvidiaSmiFailed: ['log'],
  nvidiaSmiSilent: ['log'],
  ollamaMissing: ['diagnose'],
  ollamaStopped: ['retry', 'diagnose'],
  ollamaFailed: ['retry', 'log'],
  modelNotFound: [],
  notEnoughMemory: ['retry'],
  dockerMissing: ['retry', 'log'],
  dockerStopped: ['retry', 'log'],
  dockerDenied: ['retry', 'log'],
  dockerFailed: ['retry', 'log'],
  sftpUnavailable: ['retry', 'log'],
  fileNotFound: [],
  fileExists: [],
  fileDenied: [],
  fileKind: [],
  fileName: [],
  fileTooBig: [],
  fileChanged: ['retry'],
  fileFailed: ['retry', 'log'],
  fileUnsupported: ['log'],
  diskFull: ['retry'],
  localFile: ['retry'],
  transferStopped: ['retry'],
  configInvalid: [],
  configConflict: [],
  jobRuns: [],
  secretMissing: ['retry'],
  launchFailed: ['retry', 'log'],
  logReplaced: ['retry'],
  noticeFailed: ['noticeSettings', 'retry', 'log'],
  chainInvalid: [],
  ollamaUnreachable: ['retry', 'log'],
  ollamaRefused: ['retry', 'log'],
  modelMissing: ['retry'],
  outsideFile: [],
  resultsUnwritable: ['retry', 'log'],
  workspaceUntrusted: ['trust'],
  invalidInput: ['edit'],
  notFound: [],
  cancelled: [],
  databaseNewer: ['reload', 'log'],
  databaseUnwritable: ['retry', 'log'],
  engineUnavailable: ['retry', 'log'],
  engineOutdated: ['reload'],
  internal: ['log'],
};

/** Which of the buttons make sense: some need a connection to act on, some something to do again. */
export function actionsFor(code: ErrorCode, can: { retry: boolean; connection: boolean }): ErrorAction[] {
  return ACTIONS[code].filter(action => {
    if (action === 'retry') return can.retry;
    return can.connection || (action !== 'edit' && action !== 'connect' && action !== 'diagnose');
  });
}

/** A place in a file. */
export interface FilePosition {
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

/**
 * The known_hosts line that an error names, written as `path:line` or `path, line n` or `line n of path`; the first
 * line of `fallback` where it names none.
 */
export function knownHostsPosition(error: ErrorInfo, fallback: string): FilePosition {
  const text = `${error.message} ${error.hint ?? ''}`;
  const path = /(?:~|\/|[A-Za-z]:[\\/])[^\s"':,;)]*known_hosts\d*/.exec(text);
  if (!path) return { file: fallback, line: 1 };
  const after = /^["']?(?::|,? \(?line )(\d+)/.exec(text.slice(path.index + path[0].length));
  const before = /line (\d+) (?:of|in) ["']?$/.exec(text.slice(0, path.index));
  return { file: path[0], line: Number(after?.[1] ?? before?.[1] ?? 1) };
}

/** The first `path:line` that an error names; the first line of `fallback` where it names none. */
export function namedPosition(error: ErrorInfo, fallback: string): FilePosition {
  const [, file = fallback, line = '1'] =
    /((?:~|\/|[A-Za-z]:[\\/])[^\n"':;)]*?):(\d+)/.exec(`${error.message} ${error.hint ?? ''}`) ?? [];
  return { file, line: Number(line) };
}
