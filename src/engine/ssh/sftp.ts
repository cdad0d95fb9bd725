import type { FileEntryWithStats, SFTPWrapper, Stats } from 'ssh2';
import ssh2 from 'ssh2';
import { type ErrorInfo, SparkError } from '../../shared/errors.js';
import { CHANNEL_ENDED, explainStatus, isEndOfFile, nonsense, type SftpRequest } from './sftpErrors.js';
import type { NewStats, OpenFlags, RemoteEntry, RemoteStats, Sftp, SftpHandle } from './sftpTypes.js';
import { sftpLimits } from './ssh2Internals.js';

const { OPEN_MODE } = ssh2.utils.sftp;

const FLAGS: Readonly<Record<OpenFlags, number>> = {
  read: OPEN_MODE.READ,
  create: OPEN_MODE.WRITE | OPEN_MODE.CREAT | OPEN_MODE.EXCL,
  write: OPEN_MODE.WRITE,
};
/** What every server takes (the draft asks for packets of 34000 bytes). */
const LEAST_BYTES = 31 * 1024;
/** More does not make it faster, and makes what waits behind it wait longer. */
const MOST_BYTES = 255 * 1024;

/** How ssh2 answers: with an error, or with what was asked for. What that is, the server decides, so it is checked. */
type Answer = (error: Error | null | undefined, value?: unknown, more?: unknown) => void;

/**
 * {@link Sftp} over ssh2's client. ssh2 forgets the requests that it is given after its channel has closed, so each is kept here until it is
 * answered, and rejected at the end of the channel.
 */
export class SftpChannel implements Sftp {
  readonly maxRead: number;
  readonly maxWrite: number;
  private readonly pending = new Set<(error: SparkError) => void>();
  private readonly extensions: Readonly<Record<string, unknown>>;
  private ended: ErrorInfo | undefined;

  /** @param channel ready; whoever ends it early emits the reason as its `error` */
  constructor(private readonly channel: SFTPWrapper) {
    const { maxRead, maxWrite, extensions } = sftpLimits(channel);
    const limited = (bytes: number | undefined) => Math.min(MOST_BYTES, Math.max(LEAST_BYTES, bytes ?? 0));
    this.maxRead = limited(maxRead);
    this.maxWrite = limited(maxWrite);
    this.extensions = extensions;
    channel.on('error', (error: Error) => this.end(SparkError.is(error) ? SparkError.toInfo(error) : CHANNEL_ENDED));
    channel.on('end', () => this.end(CHANNEL_ENDED));
    channel.on('close', () => this.end(CHANNEL_ENDED));
  }

  get isEnded(): boolean {
    return this.ended !== undefined;
  }

  has(extension: string): boolean {
    return Object.hasOwn(this.extensions, extension);
  }

  open(path: string, flags: OpenFlags, mode?: number): Promise<SftpHandle> {
    const attributes = mode === undefined ? {} : { mode };
    const doing = flags === 'create' ? 'make' : flags === 'write' ? 'write' : 'read';
    return this.ask({ doing, path }, done => this.channel.open(path, FLAGS[flags], attributes, done), asHandle);
  }

  read(handle: SftpHandle, buffer: Buffer, offset: number, length: number, position: number): Promise<number> {
    return this.ask(
      { doing: 'read' },
      done => this.channel.read(handle, buffer, offset, length, position, done),
      bytes => (typeof bytes === 'number' && bytes >= 0 && bytes <= length ? bytes : undefined),
    );
  }

  write(handle: SftpHandle, buffer: Buffer, offset: number, length: number, position: number): Promise<void> {
    return this.tell({ doing: 'write' }, done => this.channel.write(handle, buffer, offset, length, position, done));
  }

  async close(handle: SftpHandle): Promise<void> {
    await this.tell({ doing: 'close' }, done => this.channel.close(handle, done)).catch(() => undefined);
  }

  fstat(handle: SftpHandle): Promise<RemoteStats> {
    return this.ask({ doing: 'look at' }, done => this.channel.fstat(handle, done), asStats);
  }

  fsetstat(handle: SftpHandle, stats: NewStats): Promise<void> {
    return this.tell({ doing: 'change' }, done => this.channel.fsetstat(handle, { ...stats }, done));
  }

  fsync(handle: SftpHandle): Promise<void> {
    return this.tell({ doing: 'keep' }, done => this.channel.ext_openssh_fsync(handle, done));
  }

  copyData(from: SftpHandle, to: SftpHandle, length: number): Promise<void> {
    return this.tell({ doing: 'copy' }, done => this.channel.ext_copy_data(from, 0, length, to, 0, done));
  }

  stat(path: string): Promise<RemoteStats> {
    return this.ask({ doing: 'look at', path }, done => this.channel.stat(path, done), asStats);
  }

  lstat(path: string): Promise<RemoteStats> {
    return this.ask({ doing: 'look at', path }, done => this.channel.lstat(path, done), asStats);
  }

  setstat(path: string, stats: NewStats): Promise<void> {
    return this.tell({ doing: 'change', path }, done => this.channel.setstat(path, { ...stats }, done));
  }

  openFolder(path: string): Promise<SftpHandle> {
    return this.ask({ doing: 'read the folder', path }, done => this.channel.opendir(path, done), asHandle);
  }

  readFolder(handle: SftpHandle): Promise<RemoteEntry[] | undefined> {
    const read = (done: Answer) => {
      const answer: Answer = (error, list) => {
        // the end of the list comes as an error
        if (error && isEndOfFile(error)) done(undefined, END);
        else done(error, list);
      };
      // the types do not know the option, without which `.` and `..` are taken out of a list that may be none
      const channel = this.channel as unknown as { readdir(at: Buffer, options: object, done: Answer): void };
      channel.readdir(handle, { full: true }, answer);
    };
    return this.ask({ doing: 'read the folder' }, read, list => (list === END ? { end: true } : asEntries(list))).then(
      found => ('end' in found ? undefined : found.entries),
    );
  }

  makeFolder(path: string, mode?: number): Promise<void> {
    const attributes = mode === undefined ? {} : { mode };
    return this.tell({ doing: 'make the folder', path }, done => this.channel.mkdir(path, attributes, done));
  }

  removeFolder(path: string): Promise<void> {
    return this.tell({ doing: 'delete the folder', path }, done => this.channel.rmdir(path, done));
  }

  removeFile(path: string): Promise<void> {
    return this.tell({ doing: 'delete', path }, done => this.channel.unlink(path, done));
  }

  rename(from: string, to: string): Promise<void> {
    return this.tell({ doing: 'rename', path: from }, done => this.channel.rename(from, to, done));
  }

  replace(from: string, to: string): Promise<void> {
    return this.tell({ doing: 'replace', path: to }, done => this.channel.ext_openssh_rename(from, to, done));
  }

  realPath(path: string): Promise<string> {
    return this.ask({ doing: 'find', path }, done => this.channel.realpath(path, done), asText);
  }

  readLink(path: string): Promise<string> {
    return this.ask({ doing: 'read the link', path }, done => this.channel.readlink(path, done), asText);
  }

  makeLink(path: string, target: string): Promise<void> {
    return this.tell({ doing: 'make the link', path }, done => this.channel.symlink(target, path, done));
  }

  freeSpace(path: string): Promise<number> {
    return this.ask(
      { doing: 'look at', path },
      done => this.channel.ext_openssh_statvfs(path, done),
      value => {
        const { f_frsize: size, f_bavail: free } = value as { f_frsize?: unknown; f_bavail?: unknown };
        return typeof size === 'number' && typeof free === 'number' ? size * free : undefined;
      },
    );
  }

  dispose(): void {
    this.end({ code: 'cancelled', message: 'The channel for files was closed.' });
    this.channel.end();
  }

  private end(reason: ErrorInfo): void {
    if (this.ended !== undefined) return;
    this.ended = reason;
    const error = new SparkError(reason);
    for (const reject of [...this.pending]) reject(error);
    this.pending.clear();
  }

  /** A request that has no result. */
  private async tell(request: SftpRequest, send: (done: Answer) => void): Promise<void> {
    await this.ask(request, send, () => true);
  }

  /** @param check makes the result of what the server answered; undefined where that is no answer to this request */
  private ask<T>(
    request: SftpRequest,
    send: (done: Answer) => void,
    check: (value: unknown) => T | undefined,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.ended !== undefined) {
        reject(new SparkError(this.ended));
        return;
      }
      const settle = (action: () => void) => {
        if (this.pending.delete(onEnd)) action();
      };
      const onEnd = (error: SparkError) => settle(() => reject(error));
      this.pending.add(onEnd);
      try {
        send((error, value) =>
          settle(() => {
            if (error) {
              reject(hasStatus(error) ? explainStatus(error, request) : new SparkError(CHANNEL_ENDED));
              return;
            }
            const result = check(value);
            if (result === undefined) reject(nonsense(request));
            else resolve(result);
          }),
        );
      } catch (error) {
        // ssh2 throws where a server does not have an extension, and when its socket is closing
        settle(() => reject(nonsense({ ...request, path: request.path ?? String(error) })));
      }
    });
  }
}

const END = Symbol('end of the folder');

/** ssh2 itself fails without a status when the channel ends; so does the check of how much was read. */
function hasStatus(error: Error): boolean {
  return typeof (error as { code?: unknown }).code === 'number';
}

/** Copied: ssh2 gives a view of the packet that brought it. */
function asHandle(value: unknown): SftpHandle | undefined {
  return Buffer.isBuffer(value) && value.length > 0 && value.length <= 256 ? Buffer.from(value) : undefined;
}

function asText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function asStats(value: unknown): RemoteStats | undefined {
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value) || Array.isArray(value)) return undefined;
  const { size, mode, uid, gid, atime, mtime } = value as Partial<Stats>;
  return {
    size: whole(size),
    mode: whole(mode),
    uid: whole(uid),
    gid: whole(gid),
    atime: whole(atime),
    mtime: whole(mtime),
  };
}

/** A number that can be counted with; a server may send any 64 bits. */
function whole(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

function asEntries(value: unknown): { entries: RemoteEntry[] } | undefined {
  if (!Array.isArray(value)) return undefined;
  const entries: RemoteEntry[] = [];
  for (const { filename, attrs } of value as Partial<FileEntryWithStats>[]) {
    const stats = asStats(attrs);
    if (typeof filename === 'string' && stats) entries.push({ name: filename, stats });
  }
  return { entries };
}
