import { StringDecoder } from 'node:string_decoder';

const HEAD_BYTES = 8;

/**
 * The text of a log. Without a terminal both outputs of a container come in frames: one byte that says which, three of
 * zero, the length in four, big end first (Docker Engine API, "Attach to a container", stream format). With one it comes
 * as it is.
 */
export class LogFrames {
  private readonly decoders = new Map<number, StringDecoder>();
  private readonly head = Buffer.alloc(HEAD_BYTES);
  private headBytes = 0;
  /** Of the frame that is being read: which output it is of, and how much of it is to come. */
  private output = 0;
  private left = 0;

  constructor(private readonly hasTerminal: boolean) {}

  /** Takes more of the answer and gives its text; a frame need not be whole, so nothing is kept of it, however long it says to be. */
  take(chunk: Buffer): string {
    if (this.hasTerminal) return this.decode(0, chunk);
    let text = '';
    for (let at = 0; at < chunk.length;) {
      if (this.left > 0) {
        const end = Math.min(chunk.length, at + this.left);
        text += this.decode(this.output, chunk.subarray(at, end));
        this.left -= end - at;
        at = end;
      } else {
        this.head[this.headBytes] = chunk[at] ?? 0;
        this.headBytes = (this.headBytes + 1) % HEAD_BYTES;
        at += 1;
        if (this.headBytes > 0) continue;
        this.output = this.head[0] ?? 0;
        this.left = this.head.readUInt32BE(4);
      }
    }
    return text;
  }

  /** A character may lie across two pieces of the same output. */
  private decode(output: number, bytes: Buffer): string {
    let decoder = this.decoders.get(output);
    if (!decoder) this.decoders.set(output, (decoder = new StringDecoder('utf8')));
    return decoder.write(bytes);
  }
}
