import { randomUUID } from 'node:crypto';
import { SparkError } from '../../shared/errors.js';
import { CHUNK_BYTES } from '../../shared/files.js';
import type { Sftp, SftpHandle } from '../ssh/sftpTypes.js';
import type { FileWriter } from './fileWriter.js';

/** No window has so many files half read or half written. */
const MOST_OPEN = 200;

export interface OpenForReading {
  readonly kind: 'read';
  readonly sftp: Sftp;
  readonly handle: SftpHandle;
}
export interface OpenForWriting {
  readonly kind: 'write';
  readonly connectionId: string;
  readonly writer: FileWriter;
}
type OpenFile = OpenForReading | OpenForWriting;

interface Entry {
  readonly file: OpenFile;
  readonly owner: AbortSignal;
  readonly onGone: () => void;
}

/** The files that windows read and write piece by piece. Each is its window's alone and is let go of with it. */
export class OpenFiles {
  private readonly entries = new Map<string, Entry>();

  /** @param letGo closes a file that nobody will ask for any more */
  constructor(private readonly letGo: (file: OpenFile) => void) {}

  /** @param owner fires when the window goes away */
  add(owner: AbortSignal, file: OpenFile): string {
    const id = randomUUID();
    const onGone = () => {
      this.entries.delete(id);
      this.letGo(file);
    };
    if (owner.aborted || [...this.entries.values()].filter(entry => entry.owner === owner).length >= MOST_OPEN) {
      this.letGo(file);
      throw new SparkError({ code: 'fileFailed', message: 'Too many files are open at once.' });
    }
    owner.addEventListener('abort', onGone, { once: true });
    this.entries.set(id, { file, owner, onGone });
    return id;
  }

  /** The file of a handle. Throws `notFound`, also to another window than its own. */
  get<K extends OpenFile['kind']>(owner: AbortSignal, id: string, kind: K): Extract<OpenFile, { kind: K }> {
    const entry = this.entries.get(id);
    if (entry?.owner !== owner || entry.file.kind !== kind)
      throw new SparkError({ code: 'notFound', message: 'This file is not open any more.' });
    return entry.file as Extract<OpenFile, { kind: K }>;
  }

  /** Gives a file up to the caller, who closes it. Undefined where there is none. */
  take(owner: AbortSignal, id: string): OpenFile | undefined {
    const entry = this.entries.get(id);
    if (entry?.owner !== owner) return undefined;
    this.entries.delete(id);
    owner.removeEventListener('abort', entry.onGone);
    return entry.file;
  }
}

/** Reads a piece of a file: as much as there is of it, up to `length`. */
export async function readPiece({ sftp, handle }: OpenForReading, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(Math.min(length, CHUNK_BYTES));
  const ends: Promise<number>[] = [];
  for (let offset = 0; offset < buffer.length; offset += sftp.maxRead)
    ends.push(readFully(sftp, handle, buffer, offset, Math.min(sftp.maxRead, buffer.length - offset), position));
  // a part that ended early is the end of the file: what comes behind it is nothing
  let total = 0;
  for (const [index, bytes] of (await Promise.all(ends)).entries()) {
    total = index * sftp.maxRead + bytes;
    if (bytes < Math.min(sftp.maxRead, buffer.length - index * sftp.maxRead)) break;
  }
  return buffer.subarray(0, total);
}

async function readFully(
  sftp: Sftp,
  handle: SftpHandle,
  buffer: Buffer,
  offset: number,
  length: number,
  position: number,
): Promise<number> {
  let done = 0;
  while (done < length) {
    const bytes = await sftp.read(handle, buffer, offset + done, length - done, position + offset + done);
    if (bytes === 0) break;
    done += bytes;
  }
  return done;
}
