import type { Readable } from 'node:stream';

/**
 * Everything a stream says until its end. Unlike `node:stream/consumers` it leaves a duplex open, so that what has been read to the end can still
 * be answered.
 */
export function readAll(stream: Readable): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.once('end', () => resolve(Buffer.concat(chunks)));
    stream.once('error', reject);
  });
}
