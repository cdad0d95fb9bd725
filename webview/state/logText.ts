/** A part of a log: the bytes from `start` on, of a file of which `generation` tells which one it is. */
export interface LogPart {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly generation: string;
}

/** So much is kept of a log that is followed. */
export const KEPT_BYTES = 384 * 1024;
/** So much is kept of a log that somebody reads backwards. */
export const MOST_BYTES = 8 * 1024 * 1024;
const BLOCK_BYTES = 8 * 1024;
const LINE_END = 10;

/** Lines that are drawn as one: those that begin within the same 8 KiB of the file, whatever else of it is there. */
export interface LogBlock {
  /** Which 8 KiB of the file. */
  readonly number: number;
  readonly lines: readonly string[];
}

export function endOf({ start, bytes }: LogPart): number {
  return start + bytes.length;
}

export function fromBase64(data: string): Uint8Array {
  return Uint8Array.from(atob(data), char => char.charCodeAt(0));
}

/** Puts a piece where it belongs: behind or before what is there. A piece that does not join takes its place. */
export function joinLog(part: LogPart | null, piece: LogPart): LogPart {
  if (part?.generation !== piece.generation) return piece;
  if (piece.start === endOf(part)) return { ...part, bytes: concat(part.bytes, piece.bytes) };
  if (endOf(piece) === part.start) return { ...part, start: piece.start, bytes: concat(piece.bytes, part.bytes) };
  return piece;
}

/** Lets go of the beginning of what is followed, at the end of a line. */
export function trimLog(part: LogPart): LogPart {
  const over = part.bytes.length - KEPT_BYTES;
  if (over <= 0) return part;
  const lineEnd = part.bytes.indexOf(LINE_END, over);
  const from = lineEnd < 0 ? over : lineEnd + 1;
  return { ...part, start: part.start + from, bytes: part.bytes.subarray(from) };
}

/** The lines as a terminal shows them: what is drawn again after a carriage return takes the place of what was there. */
export function blocksOf({ bytes, start }: LogPart): LogBlock[] {
  const blocks: LogBlock[] = [];
  // what it begins with may be the end of a line, or of a character
  let from = start > 0 ? bytes.indexOf(LINE_END) + 1 : 0;
  while (from < bytes.length) {
    const number = Math.floor((start + from) / BLOCK_BYTES);
    const lastOfBlock = (number + 1) * BLOCK_BYTES - start - 1;
    const lineEnd = bytes.indexOf(LINE_END, lastOfBlock);
    const to = lineEnd < 0 ? bytes.length : lineEnd + 1;
    const lines = new TextDecoder().decode(bytes.subarray(from, to)).split('\n');
    if (lines.at(-1) === '') lines.pop();
    blocks.push({ number, lines: lines.map(line => afterReturn(withoutEscapes(line))) });
    from = to;
  }
  return blocks;
}

const [ESCAPE, BELL] = ['\u001b', '\u0007'];
/** Escapes of a terminal other than colours: titles, links, moves of the cursor. */
const ESCAPES = new RegExp(
  `${ESCAPE}(?:\\[[0-?]*[ -/]*[@-ln-~]|[\\]P^_X][^${BELL}${ESCAPE}]*(?:${BELL}|${ESCAPE}\\\\)?|[ -/]*[0-OQ-WYZ\\\\\`-~])`,
  'g',
);
/** Other control characters than those that a line is made of. */
const CONTROLS = new RegExp(`[^\\P{Cc}\\t\\r${ESCAPE}]`, 'gu');

function withoutEscapes(line: string): string {
  return line.replace(ESCAPES, '').replace(CONTROLS, '');
}

function afterReturn(line: string): string {
  if (!line.includes('\r')) return line;
  const drawn = line.split('\r').filter(one => one !== '');
  return drawn.at(-1) ?? '';
}

function concat(one: Uint8Array, other: Uint8Array): Uint8Array {
  const both = new Uint8Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}
