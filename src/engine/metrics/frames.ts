import { StringDecoder } from 'node:string_decoder';

/** What nvidia-smi answered. */
export type GpuAnswer =
  | {
      readonly kind: 'output';
      /** Its exit status, as a shell gives it. */
      readonly status: number;
      /** What it printed, errors included. */
      readonly text: string;
      /** It printed more than is kept. */
      readonly cut: boolean;
    }
  | { readonly kind: 'missing' };

/** One answer of the remote sampler. */
export type Frame = { readonly kind: 'memory'; readonly text: string } | GpuAnswer;

/** A document of 8 B200 has 0.36 MB; one of 16 GPUs with many processes stays well under this. */
const MAX_OUTPUT_LENGTH = 4 * 1024 * 1024;
const MAX_LINE_BYTES = 4096;
const NEWLINE = 10;

/**
 * Reads what {@link remoteScript} prints, however it is cut into chunks. Its own words come as lines of
 * `<marker> <letter> <rest>` with a newline of their own before them, so that they can stand anywhere in the output of
 * another program and be taken out again to the byte:
 *
 * - `m <lines of /proc/meminfo, each followed by ";">`
 * - `b`: what follows is nvidia-smi's output
 * - `e <status>`: it has ended
 * - `n`: there is no nvidia-smi
 *
 * Everything else outside `b` and `e` is noise (a greeting of a login script) and passed over. Memory is bounded
 * whatever comes.
 */
export class FrameReader {
  private readonly needle: Buffer;
  private tail: Buffer = Buffer.alloc(0);
  private output: Output | undefined;
  /** What is looked at begins with the newline that ended a line of the script; it is no part of the output. */
  private afterLine = false;

  constructor(
    marker: string,
    private readonly onFrame: (frame: Frame) => void,
  ) {
    this.needle = Buffer.from(`\n${marker} `);
  }

  push(chunk: Buffer): void {
    let data = this.tail.length > 0 ? Buffer.concat([this.tail, chunk]) : chunk;
    for (;;) {
      const at = data.indexOf(this.needle);
      if (at < 0) {
        // the end may be the beginning of a marker
        const keep = Math.min(data.length, this.needle.length - 1);
        this.pass(data.subarray(0, data.length - keep));
        this.tail = Buffer.from(data.subarray(data.length - keep));
        return;
      }
      this.pass(data.subarray(0, at));
      const from = at + this.needle.length;
      const end = data.indexOf(NEWLINE, from);
      if (end < 0 && data.length - from <= MAX_LINE_BYTES) {
        this.tail = Buffer.from(data.subarray(at));
        return;
      }
      const isLine = end >= 0 && end - from <= MAX_LINE_BYTES;
      this.afterLine = isLine;
      if (isLine) this.handle(data.toString('utf8', from, end));
      // the newline stays: bash writes line by line, so of two that print at once one may have its own newline stolen
      data = data.subarray(isLine ? end : from);
    }
  }

  private pass(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.output?.add(this.afterLine ? bytes.subarray(1) : bytes);
    this.afterLine = false;
  }

  private handle(line: string): void {
    const rest = line.slice(2);
    switch (line.slice(0, 2).trim()) {
      case 'm':
        this.onFrame({ kind: 'memory', text: rest.replaceAll(';', '\n') });
        return;
      case 'b':
        this.output = new Output();
        return;
      case 'e': {
        const { output } = this;
        this.output = undefined;
        if (output && /^\d{1,3}$/.test(rest)) this.onFrame({ kind: 'output', status: Number(rest), ...output.end() });
        return;
      }
      case 'n':
        this.output = undefined;
        this.onFrame({ kind: 'missing' });
        return;
      default:
    }
  }
}

/** The output of one run, bounded. */
class Output {
  private readonly decoder = new StringDecoder('utf8');
  private readonly parts: string[] = [];
  private length = 0;

  add(bytes: Buffer): void {
    if (this.length > MAX_OUTPUT_LENGTH || bytes.length === 0) return;
    const text = this.decoder.write(bytes);
    this.parts.push(text);
    this.length += text.length;
  }

  end(): { text: string; cut: boolean } {
    const text = [...this.parts, this.decoder.end()].join('');
    return { text: text.slice(0, MAX_OUTPUT_LENGTH), cut: text.length > MAX_OUTPUT_LENGTH };
  }
}
