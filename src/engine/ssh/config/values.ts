import { expandEnvironment, type Environment } from './expansion.js';
import { ConfigFault, quoted } from './problem.js';

/** The arguments of one directive, taken one after the other. */
export class Arguments {
  constructor(
    private remaining: readonly string[],
    /** All of them as written. */
    readonly raw: string,
    readonly environment: Environment,
  ) {}

  /** The next one, which must be there. */
  next(): string {
    const [word, ...others] = this.remaining;
    if (word === undefined || word === '') throw new ConfigFault('A value is missing.');
    this.remaining = others;
    return word;
  }

  /** Takes all that are left, whatever they are. */
  skip(): void {
    this.remaining = [];
  }

  /** All that are left, none of which may be empty. */
  all(): readonly string[] {
    const words = this.remaining;
    this.skip();
    if (words.includes('')) throw new ConfigFault('A value is empty.');
    return words;
  }

  /** Throws when there are more than the keyword takes. */
  end(): void {
    const [extra] = this.remaining;
    if (extra !== undefined)
      throw new ConfigFault(
        `There is something after the end of the value: ${quoted(extra)}.`,
        'Put a value that contains spaces in double quotes.',
      );
  }
}

/** Reads the value of a keyword. One that is undefined leaves things as if the line were not there. */
export type Reader<T> = (args: Arguments) => T;

export const word: Reader<string> = args => args.next();

/** The rest of the line as it stands: a command for a shell. */
export const command: Reader<string> = args => {
  args.skip();
  // OpenSSH passes over any more `=` too
  return args.raw.replace(/^[ \t\r\n=]+/, '');
};

/** One of several names, whatever their case. */
export function choice<T>(names: Readonly<Record<string, T>>): Reader<T> {
  const values = new Map(Object.entries(names));
  return args => {
    const written = args.next();
    const value = values.get(written.toLowerCase());
    if (value === undefined)
      throw new ConfigFault(`The value ${quoted(written)} is none of ${[...values.keys()].join(', ')}.`);
    return value;
  };
}

export const flag = choice({ yes: true, no: false, true: true, false: false });

const MAX_INTEGER = 2 ** 31 - 1;

export const integer: Reader<number> = args => {
  const written = args.next();
  const value = /^\s*[+-]?\d+$/.test(written) ? Number(written) : NaN;
  if (!(value >= 0 && value <= MAX_INTEGER))
    throw new ConfigFault(`The value ${quoted(written)} is not a whole number from 0 to ${MAX_INTEGER}.`);
  return value;
};

export const port: Reader<number> = args => {
  const written = args.next();
  const value = parsePort(written);
  if (value === undefined) throw new ConfigFault(`The port ${quoted(written)} is not a number from 1 to 65535.`);
  return value;
};

/** A port by number, or by the one service name that means something here. */
export function parsePort(text: string): number | undefined {
  if (text === 'ssh') return 22;
  const value = /^\s*\+?\d+$/.test(text) ? Number(text) : NaN;
  return value >= 1 && value <= 65535 ? value : undefined;
}

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86400, w: 604800 };
/** Numbers with a unit; the last may be without, which means seconds. */
const TIME = /^(?:\s*\+?\d+[smhdw])*(?:\s*\+?\d+)?$/i;

/** A time such as `90`, `1m30s` or `2h` (sshd_config(5), TIME FORMATS), in milliseconds. `none` leaves things as they are. */
export const duration: Reader<number | undefined> = args => {
  const written = args.next();
  if (written === 'none') return undefined;
  let seconds = TIME.test(written) ? 0 : NaN;
  for (const [, count, unit = ''] of written.matchAll(/(\d+)([smhdw]?)/gi))
    seconds += Number(count) * (SECONDS[unit.toLowerCase()] ?? 1);
  if (!(seconds <= MAX_INTEGER))
    throw new ConfigFault(`The value ${quoted(written)} is not a time such as 30 or 1m30s.`);
  return seconds * 1000;
};

/** How many files of known hosts a line may name (SSH_MAX_HOSTS_FILES). */
const MAX_FILES = 32;

/** Several file names; `none` alone means no file, and only a comment nothing at all. */
export const fileNames: Reader<readonly string[] | undefined> = args => {
  const names = args.all();
  const isNone = (name: string) => name.toLowerCase() === 'none';
  if (names.length > 1 && names.some(isNone)) throw new ConfigFault('The value "none" must stand alone.');
  if (names.length > MAX_FILES) throw new ConfigFault(`More than ${MAX_FILES} files are named.`);
  return names.length === 0 ? undefined : names.filter(name => !isNone(name));
};

/** A list of names with commas between. */
export const names: Reader<readonly string[]> = args => args.next().split(',');

/** A list of algorithms as written, see `applyAlgorithmList`. The names are not looked at: which there are depends on who uses them. */
export const algorithms: Reader<string> = args => {
  const written = args.next();
  if (/^[+^]$/.test(written)) throw new ConfigFault('The list of algorithms is empty.');
  return written;
};

/** A socket of an agent: a path, `none`, `SSH_AUTH_SOCK` or `$NAME` for a variable. */
export const agentSocket: Reader<string> = args => {
  const written = args.next();
  // OpenSSH wants the variables to exist even where the line does not apply
  expandEnvironment(written, args.environment);
  if (/^\$(?!\{)/.test(written) && !/^\$[A-Za-z0-9_]+$/.test(written))
    throw new ConfigFault(`${quoted(written)} is not the name of an environment variable.`);
  return written;
};

/** Whatever; the keyword means nothing here. */
export const anything: Reader<void> = args => args.skip();
