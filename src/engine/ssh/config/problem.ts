import { SparkError } from '../../../shared/errors.js';
import { printable } from '../../base/remoteText.js';

/** Where in the files a directive stands. */
export interface Place {
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
}

/** A thing with the place it comes from; none when it was given by the caller, as on a command line. */
export interface Placed<T> {
  readonly value: T;
  readonly at: Place | undefined;
}

/** Something in the files because of which OpenSSH would refuse to connect to any host. */
export interface ConfigProblem {
  readonly file: string;
  /** Counted from 1; missing when it is the file as a whole. */
  readonly line: number | undefined;
  /** One plain sentence: what is wrong. */
  readonly message: string;
  /** One plain sentence: what can be done about it. */
  readonly hint: string;
}

/** Thrown by what reads a part of a line, which does not know where it stands; becomes a {@link ConfigProblem} where that is known. */
export class ConfigFault extends Error {
  constructor(
    message: string,
    readonly hint = 'Correct the line; "ssh -G" with the name of the host tells whether OpenSSH is content with it.',
  ) {
    super(message);
  }
}

/** Text of a file as it may stand in a message. */
export function quoted(text: string): string {
  return `"${printable(text, 80)}"`;
}

export function problemAt(place: { file: string; line?: number | undefined }, fault: ConfigFault): ConfigProblem {
  return { file: place.file, line: place.line, message: fault.message, hint: fault.hint };
}

/** The error that ends a connection attempt. */
export function sshConfigInvalid(problem: ConfigProblem): SparkError {
  const where = problem.line === undefined ? problem.file : `${problem.file}:${problem.line}`;
  return new SparkError({
    code: 'sshConfigInvalid',
    message: `The SSH configuration cannot be used. ${where}: ${problem.message}`,
    hint: problem.hint,
  });
}
