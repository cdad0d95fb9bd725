import { constants, type Stats } from 'node:fs';
import {
  type FileHandle,
  link,
  lstat,
  mkdir,
  open,
  readdir,
  readlink,
  realpath,
  rename,
  rmdir,
  stat,
  chmod,
  symlink,
  truncate,
  unlink,
  utimes,
} from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { type Attributes, type FileEntry, type SFTPWrapper, utils } from 'ssh2';

const { OPEN_MODE, STATUS_CODE } = utils.sftp;

/** Names that are sent in one answer to READDIR. */
const BATCH = 100;
const MAX_READ = 256 * 1024;

export interface SftpOptions {
  /** Relative paths begin here. */
  readonly home: string;
  readonly diskFull: () => boolean;
  /** OpenSSH sends the two paths of SYMLINK in an order of its own, which ssh2 puts right only for clients that say they are OpenSSH. */
  readonly clientIsOpenSsh: boolean;
}

type OpenThing = { kind: 'file'; file: FileHandle } | { kind: 'folder'; path: string; names: string[] };

/** Serves SFTP version 3 over the real file system, as OpenSSH's server does for a user who may log in. */
export function serveSftp(sftp: SFTPWrapper, options: SftpOptions): void {
  const opened = new Map<number, OpenThing>();
  let nextHandle = 0;
  const at = (path: string): string => resolve(options.home, path);

  const remember = (thing: OpenThing): Buffer => {
    const handle = Buffer.alloc(4);
    handle.writeUInt32BE(nextHandle);
    opened.set(nextHandle++, thing);
    return handle;
  };
  const find = (handle: Buffer): OpenThing => {
    const thing = handle.length === 4 ? opened.get(handle.readUInt32BE()) : undefined;
    if (thing === undefined) throw new Error('Invalid handle');
    return thing;
  };
  const fileOf = (handle: Buffer): FileHandle => {
    const thing = find(handle);
    if (thing.kind !== 'file') throw new Error('Not a file');
    return thing.file;
  };
  const needRoom = (): void => {
    if (options.diskFull()) throw Object.assign(new Error('No space left on device'), { code: 'ENOSPC' });
  };
  /** Answers OK when the work is done, else with the status of the error. */
  const does = (id: number, work: () => Promise<unknown>): void => {
    work().then(
      () => sftp.status(id, STATUS_CODE.OK),
      (error: unknown) => fail(id, error),
    );
  };
  /** For requests whose work sends the answer itself. */
  const answers = (id: number, work: () => Promise<void>): void => {
    work().catch((error: unknown) => fail(id, error));
  };
  const fail = (id: number, error: unknown): void => {
    const [code, text] = statusOf(error);
    sftp.status(id, code, text);
  };

  sftp.on('OPEN', (id, path, flags, attributes) =>
    answers(id, async () => {
      const file = await open(at(path), openFlags(flags), modeOf(attributes) ?? 0o666);
      sftp.handle(id, remember({ kind: 'file', file }));
    }),
  );
  sftp.on('READ', (id, handle, offset, length) =>
    answers(id, async () => {
      const buffer = Buffer.alloc(Math.min(length, MAX_READ));
      const { bytesRead } = await fileOf(handle).read(buffer, 0, buffer.length, offset);
      if (bytesRead === 0) sftp.status(id, STATUS_CODE.EOF);
      else sftp.data(id, buffer.subarray(0, bytesRead));
    }),
  );
  sftp.on('WRITE', (id, handle, offset, data) =>
    does(id, async () => {
      needRoom();
      const file = fileOf(handle);
      for (let done = 0; done < data.length;)
        done += (await file.write(data, done, data.length - done, offset + done)).bytesWritten;
    }),
  );
  sftp.on('CLOSE', (id, handle) =>
    does(id, async () => {
      const thing = find(handle);
      opened.delete(handle.readUInt32BE());
      if (thing.kind === 'file') await thing.file.close();
    }),
  );
  sftp.on('FSTAT', (id, handle) => answers(id, async () => sftp.attrs(id, attributesOf(await fileOf(handle).stat()))));
  sftp.on('STAT', (id, path) => answers(id, async () => sftp.attrs(id, attributesOf(await stat(at(path))))));
  sftp.on('LSTAT', (id, path) => answers(id, async () => sftp.attrs(id, attributesOf(await lstat(at(path))))));
  sftp.on('SETSTAT', (id, path, attributes) => does(id, () => setAttributes(at(path), attributes)));
  sftp.on('FSETSTAT', (id, handle, attributes) =>
    does(id, async () => {
      const file = fileOf(handle);
      const { size, atime, mtime } = attributes as Partial<Attributes>;
      if (size !== undefined) await file.truncate(size);
      const mode = modeOf(attributes);
      if (mode !== undefined) await file.chmod(mode);
      if (atime !== undefined && mtime !== undefined) await file.utimes(atime, mtime);
    }),
  );
  sftp.on('OPENDIR', (id, path) =>
    answers(id, async () => {
      const names = ['.', '..', ...(await readdir(at(path)))];
      sftp.handle(id, remember({ kind: 'folder', path: at(path), names }));
    }),
  );
  sftp.on('READDIR', (id, handle) =>
    answers(id, async () => {
      const thing = find(handle);
      if (thing.kind !== 'folder') throw new Error('Not a folder');
      const batch = thing.names.splice(0, BATCH);
      if (batch.length === 0) {
        sftp.status(id, STATUS_CODE.EOF);
        return;
      }
      const entries = await Promise.all(batch.map(name => entryOf(thing.path, name)));
      sftp.name(
        id,
        entries.filter(entry => entry !== undefined),
      );
    }),
  );
  sftp.on('REALPATH', (id, path) =>
    answers(id, async () => {
      const filename = await realpath(at(path)).catch(() => at(path));
      sftp.name(id, [{ filename, longname: filename, attrs: {} as Attributes }]);
    }),
  );
  sftp.on('READLINK', (id, path) =>
    answers(id, async () => {
      const filename = await readlink(at(path));
      sftp.name(id, [{ filename, longname: filename, attrs: {} as Attributes }]);
    }),
  );
  sftp.on('SYMLINK', (id, first, second) =>
    does(id, () => {
      const [path, target] = options.clientIsOpenSsh ? [first, second] : [second, first];
      return symlink(target, at(path));
    }),
  );
  sftp.on('REMOVE', (id, path) => does(id, () => unlink(at(path))));
  sftp.on('RMDIR', (id, path) => does(id, () => rmdir(at(path))));
  sftp.on('MKDIR', (id, path, attributes) =>
    does(id, async () => {
      needRoom();
      await mkdir(at(path), { mode: modeOf(attributes) ?? 0o777 });
    }),
  );
  sftp.on('RENAME', (id, from, to) => does(id, () => renameToNew(at(from), at(to))));
  sftp.on('EXTENDED', (id, name, data) => {
    const first = stringAt(data, 0);
    const second = first && stringAt(data, first.end);
    if (name === 'posix-rename@openssh.com' && first && second) {
      does(id, () => rename(at(first.text), at(second.text)));
    } else if (name === 'hardlink@openssh.com' && first && second) {
      does(id, () => link(at(first.text), at(second.text)));
    } else if (name === 'fsync@openssh.com') {
      does(id, () => fileOf(data.subarray(4)).sync());
    } else {
      sftp.status(id, STATUS_CODE.OP_UNSUPPORTED);
    }
  });
  const closeAll = (): void => {
    for (const thing of opened.values()) if (thing.kind === 'file') void thing.file.close().catch(() => undefined);
    opened.clear();
  };
  sftp.on('close', closeAll);
  sftp.on('end', () => {
    closeAll();
    // OpenSSH's server ends with its input, and its client waits for that
    sftp.end();
  });
}

function openFlags(flags: number): number {
  const reads = (flags & OPEN_MODE.READ) !== 0;
  const writes = (flags & OPEN_MODE.WRITE) !== 0;
  let result = writes ? (reads ? constants.O_RDWR : constants.O_WRONLY) : constants.O_RDONLY;
  if (flags & OPEN_MODE.APPEND) result |= constants.O_APPEND;
  if (flags & OPEN_MODE.CREAT) result |= constants.O_CREAT;
  if (flags & OPEN_MODE.TRUNC) result |= constants.O_TRUNC;
  if (flags & OPEN_MODE.EXCL) result |= constants.O_EXCL;
  return result;
}

/** Version 3 says that RENAME fails when the new name exists; OpenSSH keeps to it for files by making a link first. */
async function renameToNew(from: string, to: string): Promise<void> {
  const exists = await lstat(to).then(
    () => true,
    () => false,
  );
  if (exists) throw new Error('Failure');
  await rename(from, to);
}

async function setAttributes(path: string, attributes: Partial<Attributes>): Promise<void> {
  const { size, atime, mtime } = attributes;
  if (size !== undefined) await truncate(path, size);
  const mode = modeOf(attributes);
  if (mode !== undefined) await chmod(path, mode);
  if (atime !== undefined && mtime !== undefined) await utimes(path, atime, mtime);
}

function modeOf(attributes: Partial<Attributes>): number | undefined {
  return attributes.mode === undefined ? undefined : attributes.mode & 0o7777;
}

function attributesOf(stats: Stats): Attributes {
  const seconds = (milliseconds: number): number => Math.floor(milliseconds / 1000);
  const { mode, uid, gid, size } = stats;
  return { mode, uid, gid, size, atime: seconds(stats.atimeMs), mtime: seconds(stats.mtimeMs) };
}

/** `undefined` when it has just been removed. */
async function entryOf(folder: string, name: string): Promise<FileEntry | undefined> {
  const stats = await lstat(join(folder, name)).catch(() => undefined);
  if (stats === undefined) return undefined;
  return { filename: name, longname: longName(name, stats), attrs: attributesOf(stats) };
}

/** A line of `ls -l`. */
function longName(name: string, stats: Stats): string {
  const kind = stats.isDirectory() ? 'd' : stats.isSymbolicLink() ? 'l' : '-';
  const bits = [6, 3, 0].map(shift => {
    const triple = (stats.mode >> shift) & 7;
    return `${triple & 4 ? 'r' : '-'}${triple & 2 ? 'w' : '-'}${triple & 1 ? 'x' : '-'}`;
  });
  const [, month, day] = stats.mtime.toDateString().split(' ') as [string, string, string];
  const when = `${month} ${day} ${stats.mtime.toTimeString().slice(0, 5)}`;
  const owner = `${String(stats.uid).padEnd(8)} ${String(stats.gid).padEnd(8)}`;
  return `${kind}${bits.join('')} ${String(stats.nlink).padStart(4)} ${owner} ${String(stats.size).padStart(8)} ${when} ${basename(name)}`;
}

function statusOf(error: unknown): [code: number, text: string] {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return [STATUS_CODE.NO_SUCH_FILE, 'No such file'];
    case 'EACCES':
    case 'EPERM':
      return [STATUS_CODE.PERMISSION_DENIED, 'Permission denied'];
    default:
      return [STATUS_CODE.FAILURE, 'Failure'];
  }
}

function stringAt(data: Buffer, offset: number): { text: string; end: number } | undefined {
  if (data.length < offset + 4) return undefined;
  const end = offset + 4 + data.readUInt32BE(offset);
  return end > data.length ? undefined : { text: data.toString('utf8', offset + 4, end), end };
}
