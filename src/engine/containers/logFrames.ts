import { StringDecoder } from 'node:string_decoder';

const HEAD_BYTES = 8;

/**
 * The text of a log. Without a terminal both outputs of a container come in frames: one byte that says which, three of
 * zero, the length in four, big end first (Docker Engine API, "Attach to a container", stream format). With one it comes
 * as it is.
 */
export class LogFrames {
  private readonly decoders = new Map<number, StringDecoder>();
  private rest: Buffer = Buffer.alloc(0);

  constructor(private readonly hasTerminal: boolean) {}

  /** Takes more of the answer and gives what of it is whole. */
  take(chunk: Buffer): string {
    if (this.hasTerminal) return this.decode(0, chunk);
    this.rest = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    let text = '';
    while (this.rest.length >= HEAD_BYTES) {
      const end = HEAD_BYTES + this.rest.readUInt32BE(4);
      if (this.rest.length < end) break;
      text += this.decode(this.rest[0] ?? 0, this.rest.subarray(HEAD_BYTES, end));
      this.rest = this.rest.subarray(end);
    }
    return text;
  }

  /** A character may lie across two frames of the same output. */
  private decode(output: number, bytes: Buffer): string {
    let decoder = this.decoders.get(output);
    if (!decoder) this.decoders.set(output, (decoder = new StringDecoder('utf8')));
    return decoder.write(bytes);
  }
}
