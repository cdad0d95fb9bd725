import { StringDecoder } from 'node:string_decoder';

/** A part of one reading of the machine itself; `network` is the last of it. What each text holds, `SystemReader` knows. */
export interface SystemFrame {
  readonly kind: SystemPart;
  /** Made by the loop along with the GPUs' readings, as opposed to asked for by itself. */
  readonly looped: boolean;
  readonly text: string;
}
export type SystemPart = 'uptime' | 'memory' | 'cpu' | 'pressure' | 'network';

/** Outputs of several lines that are asked for, each of which is a line of the script's own. */
export const BLOCKS = ['processes', 'disks'] as const;
export type BlockName = (typeof BLOCKS)[number] | 'xml';

export interface BlockFrame {
  readonly kind: 'block';
  readonly name: BlockName;
  /** What the program printed, errors included. */
  readonly text: string;
  /** It printed more than is kept. */
  readonly cut: boolean;
}

/** One answer of the remote sampler. */
export type Frame =
  | SystemFrame
  /** A line that the loop of nvidia-smi printed: a GPU's readings, or what is wrong. */
  | { readonly kind: 'row'; readonly text: string }
  /** The loop with this number has ended. */
  | { readonly kind: 'loopEnded'; readonly loop: number }
  /** There is no nvidia-smi. */
  | { readonly kind: 'missing' }
  /** An nvidia-smi that was ended is still there: the kernel cannot end it. */
  | { readonly kind: 'hanging' }
  | { readonly kind: 'temperatures' | 'hugePages'; readonly text: string }
  | BlockFrame;

/** A document of 8 B200 has 0.36 MB; one of 16 GPUs with many processes stays well under this. */
const MAX_OUTPUT_LENGTH = 4 * 1024 * 1024;
const MAX_LINE_BYTES = 4096;
const NEWLINE = 10;

/** The kind of each line by its letter; blocks have letters of their own. */
const SYSTEM: Readonly<Record<string, SystemPart>> = {
  u: 'uptime',
  m: 'memory',
  c: 'cpu',
  p: 'pressure',
  n: 'network',
};
const LINES: Readonly<Record<string, 'row' | 'temperatures' | 'hugePages'>> = {
  g: 'row',
  t: 'temperatures',
  k: 'hugePages',
};
const EVENTS: Readonly<Record<string, 'missing' | 'hanging'>> = {
  a: 'missing',
  h: 'hanging',
};

/**
 * Reads what {@link remoteScript} prints, however it is cut into chunks. Its own words come as lines of
 * `<marker> <letter> <rest>` with a newline of their own before them, so that they can stand anywhere in the output of
 * another program and be taken out again to the byte. `b xml` says that a document follows, `e` that it is over.
 * Everything else outside of them is noise (a greeting of a login script) and passed over. Memory is bounded whatever
 * comes.
 */
export class FrameReader {
  private readonly needle: Buffer;
  private tail: Buffer = Buffer.alloc(0);
  /** A document that has begun. */
  private document: Output | undefined;
  /** Lines of the block that comes in. */
  private lines = new Output();
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
    this.document?.add(this.afterLine ? bytes.subarray(1) : bytes);
    this.afterLine = false;
  }

  private handle(line: string): void {
    const letter = line.slice(0, 2).trim();
    const rest = line.slice(2);
    switch (letter) {
      case 'b':
        this.document = rest === 'xml' ? new Output() : undefined;
        return;
      case 'e': {
        const { document } = this;
        this.document = undefined;
        if (document) this.onFrame({ kind: 'block', name: 'xml', ...document.end() });
        return;
      }
      case 'l':
        this.lines.add(Buffer.from(`${rest}\n`));
        return;
      case 'x':
        this.onFrame({ kind: 'loopEnded', loop: Number(rest) });
        return;
      case 'o': {
        const name = BLOCKS.find(known => known === rest);
        const { lines } = this;
        this.lines = new Output();
        if (name !== undefined) this.onFrame({ kind: 'block', name, ...lines.end() });
        return;
      }
      default:
    }
    const part = known(SYSTEM, letter.toLowerCase());
    const kind = known(LINES, letter);
    const event = known(EVENTS, letter);
    if (part !== undefined) this.onFrame({ kind: part, looped: letter !== letter.toLowerCase(), text: rest });
    else if (kind !== undefined) this.onFrame({ kind: kind, text: rest });
    else if (event !== undefined) this.onFrame({ kind: event });
  }
}

function known<T>(table: Readonly<Record<string, T>>, letter: string): T | undefined {
  return Object.hasOwn(table, letter) ? table[letter] : undefined;
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
