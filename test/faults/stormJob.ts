import type { Random } from './random.js';

/** What a job of a storm does, all of it known beforehand. */
export interface StormJob {
  /** For the shell. It first says in the file `runs` of the home folder that it runs. */
  readonly command: string;
  /** What its log must be. */
  readonly log: Buffer;
  readonly exitCode: number;
}

interface Piece {
  readonly command: string;
  readonly printed: Buffer;
}

/** As a shell tells of the end by each. */
const SIGNALS = { KILL: 137, USR1: 138, TERM: 143 } as const;

/** A job that prints text and bytes of all kinds, with pauses between, and ends in any way. */
export function randomJob(random: Random, number: number): StormJob {
  const pieces = Array.from({ length: random.between(1, 6) }, () => randomPiece(random));
  const ends = randomEnd(random);
  return {
    command: [`echo ${number} >> ~/runs`, ...pieces.map(({ command }) => command), ends.command].join('\n'),
    log: Buffer.concat(pieces.map(({ printed }) => printed)),
    exitCode: ends.exitCode,
  };
}

function randomPiece(random: Random): Piece {
  switch (random.between(0, 3)) {
    case 0: {
      const first = random.between(0, 100_000);
      const numbers = Array.from({ length: random.between(1, 20_000) }, (_, index) => first + index);
      return {
        command: `seq ${first} ${first + numbers.length - 1}`,
        printed: Buffer.from(numbers.map(number => `${number}\n`).join('')),
      };
    }
    case 1: {
      const bytes = Array.from({ length: random.between(1, 300) }, () => random.between(0, 255));
      const octal = bytes.map(byte => `\\${byte.toString(8).padStart(3, '0')}`).join('');
      return { command: `printf '${octal}'`, printed: Buffer.from(bytes) };
    }
    case 2: {
      const length = random.between(1, 200_000);
      return { command: `head -c ${length} /dev/zero | tr '\\0' x`, printed: Buffer.alloc(length, 'x') };
    }
    default:
      return { command: `sleep ${(random.between(1, 15) / 10).toFixed(1)}`, printed: Buffer.alloc(0) };
  }
}

function randomEnd(random: Random): { command: string; exitCode: number } {
  if (random.chance(0.4)) return { command: 'exit 0', exitCode: 0 };
  if (random.chance(0.3)) {
    const name = random.pick(['KILL', 'USR1', 'TERM'] as const);
    return { command: `kill -${name} $$`, exitCode: SIGNALS[name] };
  }
  const exitCode = random.between(1, 120);
  return { command: `exit ${exitCode}`, exitCode };
}
