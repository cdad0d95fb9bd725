import { SparkError } from '../../shared/errors.js';
import { CHUNK_BYTES, type FileStat } from '../../shared/files.js';
import type { EngineClient } from '../engineClient.js';
import type { Place } from './sparkUri.js';

/** Pieces that are asked for at a time: a server far away answers them together. */
const PIECES_AHEAD = 4;

export interface WriteOptions {
  /** Whether there may be nothing, and something, of that name. */
  readonly create: boolean;
  readonly overwrite: boolean;
}

/** Whole files, in the pieces that the socket takes. */
export class RemoteFiles {
  constructor(private readonly client: Pick<EngineClient, 'request'>) {}

  /** @param check may refuse the file by what it is, before anything of it is read */
  async read(place: Place, check: (stat: FileStat) => void = () => undefined): Promise<Uint8Array> {
    const { client } = this;
    const { handle, stat } = await client.request('files/openRead', { ...place });
    try {
      check(stat);
      const whole: Buffer[] = [];
      for (let position = 0; ; position += PIECES_AHEAD * CHUNK_BYTES) {
        const pieces = await Promise.all(
          Array.from({ length: PIECES_AHEAD }, async (_, index) => {
            const at = position + index * CHUNK_BYTES;
            // what is beyond the size is asked for once only, in case the file grows
            if (index > 0 && at >= stat.size) return Buffer.alloc(0);
            const { data } = await client.request('files/read', { handle, position: at, length: CHUNK_BYTES });
            return Buffer.from(data, 'base64');
          }),
        );
        // a file that shrinks meanwhile must not be put together with holes
        const short = pieces.findIndex(piece => piece.length < CHUNK_BYTES);
        whole.push(...(short < 0 ? pieces : pieces.slice(0, short + 1)));
        if (short >= 0 && (position + (short + 1) * CHUNK_BYTES >= stat.size || pieces[short]?.length === 0)) break;
        if (short >= 0)
          throw new SparkError({ code: 'fileChanged', message: 'The file became shorter while it was read.' });
      }
      return Buffer.concat(whole);
    } finally {
      await this.close(handle);
    }
  }

  /** Gives the file its new content in one step, or leaves it as it is. */
  async write(place: Place, content: Uint8Array, { create, overwrite }: WriteOptions): Promise<FileStat> {
    const { client } = this;
    const { handle } = await client.request('files/openWrite', { ...place, create, overwrite });
    try {
      for (let position = 0; position < content.length; position += CHUNK_BYTES) {
        const piece = content.subarray(position, position + CHUNK_BYTES);
        const data = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength).toString('base64');
        await client.request('files/write', { handle, data });
      }
      return await client.request('files/commit', { handle });
    } catch (error) {
      await this.close(handle);
      throw error;
    }
  }

  /** The engine closes by itself what it cannot be told of. */
  private async close(handle: string): Promise<void> {
    await this.client.request('files/close', { handle }).catch(() => undefined);
  }
}
