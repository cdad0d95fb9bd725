import { close, fchmod, fstat, ftruncate, futimes, open, read, type Stats, write } from 'node:fs';

/** An open file of this computer. By callbacks: a transfer of many small files spends most of its time on what a `FileHandle` costs. */
export class LocalFd {
  private isClosed = false;

  private constructor(private readonly fd: number) {}

  static open(path: string, flags: string | number, mode?: number): Promise<LocalFd> {
    return new Promise((resolve, reject) => {
      open(path, flags, mode, (error, fd) => {
        if (error) reject(error);
        else resolve(new LocalFd(fd));
      });
    });
  }

  stat(): Promise<Stats> {
    return new Promise((resolve, reject) => {
      fstat(this.fd, (error, stats) => {
        if (error) reject(error);
        else resolve(stats);
      });
    });
  }

  /** Resolves with how many bytes there were, which may be fewer than asked for. */
  read(buffer: Buffer, offset: number, length: number, position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      read(this.fd, buffer, offset, length, position, (error, bytes) => {
        if (error) reject(error);
        else resolve(bytes);
      });
    });
  }

  /** Writes all of it. */
  async write(buffer: Buffer, offset: number, length: number, position: number): Promise<void> {
    for (let done = 0; done < length;)
      done += await this.writeSome(buffer, offset + done, length - done, position + done);
  }

  truncate(size: number): Promise<void> {
    return done(callback => ftruncate(this.fd, size, callback));
  }

  setMode(mode: number): Promise<void> {
    return done(callback => fchmod(this.fd, mode, callback));
  }

  /** In seconds since 1970. */
  setTimes(atime: number, mtime: number): Promise<void> {
    return done(callback => futimes(this.fd, atime, mtime, callback));
  }

  /** May be called more than once. */
  async close(): Promise<void> {
    if (this.isClosed) return;
    this.isClosed = true;
    await done(callback => close(this.fd, callback));
  }

  private writeSome(buffer: Buffer, offset: number, length: number, position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      write(this.fd, buffer, offset, length, position, (error, bytes) => {
        if (error) reject(error);
        else resolve(bytes);
      });
    });
  }
}

function done(begin: (callback: (error: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    begin(error => {
      if (error) reject(error);
      else resolve();
    });
  });
}
