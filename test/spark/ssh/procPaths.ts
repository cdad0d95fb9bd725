import { Transform, type TransformCallback } from 'node:stream';
import { PROC_FILES, SOCKET_FILES } from '../smi/proc.js';

/**
 * Programs of the simulated Spark are real programs of this computer, whose `/proc` is its own. A mount of another one needs root and
 * Linux, and an environment variable would be something that the product must not know of; so these few paths are replaced by files in
 * the Spark's folder where they appear in a command line, or in the script that a shell is given as its input.
 */
const FILES = [...PROC_FILES, ...SOCKET_FILES];
const TOKENS = FILES.map(file => `/proc/${file}`);
const PATTERN = new RegExp(`(?<![\\w./-])/proc/(${FILES.join('|')})(?![\\w/.-])`, 'g');
/** Where the DGX Dashboard keeps its files: on the simulated Spark, beside its `/proc`. */
const DASHBOARD = /\/opt\/nvidia\/dgx-dashboard-service\//g;

/** A script longer than this is data: it goes through as it is. */
const SCRIPT_BYTES = 256 * 1024;

/** The text with the paths of the Spark's `/proc`. */
export function replaceProcPaths(text: string, procFolder: string): string {
  return text
    .replace(PATTERN, (_path, file: string) => `${procFolder}/${file}`)
    .replace(DASHBOARD, () => `${procFolder}/../dashboard/`);
}

/** Does the same to a stream, also where a path is cut in two by the way it arrives. */
export class ProcPaths extends Transform {
  #held = '';
  #passed = 0;
  readonly #folder: string;

  constructor(procFolder: string) {
    super();
    this.#folder = procFolder;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#passed += chunk.length;
    // latin1 keeps every byte, and the paths are ASCII
    const text = this.#held + chunk.toString('latin1');
    this.#held = this.#passed > SCRIPT_BYTES ? '' : unfinished(text);
    const whole = text.slice(0, text.length - this.#held.length);
    done(null, Buffer.from(replaceProcPaths(whole, this.#folder), 'latin1'));
  }

  override _flush(done: TransformCallback): void {
    done(null, Buffer.from(replaceProcPaths(this.#held, this.#folder), 'latin1'));
  }
}

/** The end of the text that may become a path with what comes next. A command is complete with its line end, so nothing waits for it. */
function unfinished(text: string): string {
  const longest = Math.max(...TOKENS.map(token => token.length));
  for (let length = Math.min(longest, text.length); length > 0; length--) {
    const tail = text.slice(-length);
    if (TOKENS.some(token => token.startsWith(tail))) return tail;
  }
  return '';
}

/** Whether a command line starts a shell that reads its script from its input. */
export function readsScript(command: string): boolean {
  const words = command.replace(/['"]/g, '');
  return /^\s*(?:exec\s+|env\s+|[A-Z_]+=\S*\s+)*(?:(?:\/usr)?\/bin\/)?(?:ba|da)?sh(?:\s+-\w*s\w*(?:\s.*)?|\s+-)?\s*$/.test(
    words,
  );
}
