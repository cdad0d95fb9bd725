import { createHash, timingSafeEqual } from 'node:crypto';
import {
  type AuthContext,
  type AuthenticationType,
  type KeyboardAuthContext,
  type ParsedKey,
  type PublicKeyAuthContext,
} from 'ssh2';

/** Who may log in, and how. */
export interface Account {
  readonly username: string;
  readonly password: string | undefined;
  /** Asked at each attempt: `authorized_keys` may have changed. */
  readonly keys: () => readonly ParsedKey[];
  readonly keyboard: KeyboardInteractive | undefined;
}

export interface KeyboardInteractive {
  readonly questions: readonly { readonly prompt: string; readonly echo: boolean }[];
  readonly answers: readonly string[];
  /** Asked after a key or password was right, instead of being enough alone. */
  readonly secondFactor?: boolean;
  /** Each question comes in a request of its own, as PAM asks; else all come in one. */
  readonly oneByOne?: boolean;
}

/** OpenSSH's MaxAuthTries. */
const MAX_FAILURES = 6;

/** Answers the attempts of one connection to log in. */
export class Login {
  #failures = 0;
  #firstFactorDone = false;
  readonly #account: Account;
  readonly #refusing: () => boolean;
  readonly #giveUp: () => void;

  /**
   * @param refusing whether every login is refused at the moment
   * @param giveUp ends the connection after too many failures
   */
  constructor(account: Account, refusing: () => boolean, giveUp: () => void) {
    this.#account = account;
    this.#refusing = refusing;
    this.#giveUp = giveUp;
  }

  answer(attempt: AuthContext): void {
    const known = sameText(attempt.username, this.#account.username) && !this.#refusing();
    switch (attempt.method) {
      case 'password': {
        const { password } = this.#account;
        const right = password !== undefined && sameText(attempt.password, password);
        this.#settle(attempt, known && right);
        return;
      }
      case 'publickey':
        this.#answerKey(attempt, known);
        return;
      case 'keyboard-interactive':
        this.#ask(attempt, known);
        return;
      case 'none':
        // asked by clients to learn the methods; not counted as a failure
        attempt.reject(this.#methods());
        return;
      case 'hostbased':
        this.#settle(attempt, false);
        return;
    }
  }

  #answerKey(attempt: PublicKeyAuthContext, known: boolean): void {
    const key = this.#account
      .keys()
      .find(candidate => sameBytes(candidate.getPublicSSH(), attempt.key.data) && known && !this.#firstFactorDone);
    if (key === undefined) this.#settle(attempt, false);
    else if (attempt.signature === undefined || attempt.blob === undefined) attempt.accept();
    else this.#settle(attempt, key.verify(attempt.blob, attempt.signature, attempt.hashAlgo));
  }

  #ask(attempt: KeyboardAuthContext, known: boolean): void {
    const { keyboard } = this.#account;
    if (keyboard === undefined || (keyboard.secondFactor === true && !this.#firstFactorDone)) {
      this.#settle(attempt, false);
      return;
    }
    const rounds = keyboard.oneByOne ? keyboard.questions.map(question => [question]) : [keyboard.questions];
    this.#askRounds(attempt, rounds, [], given => {
      const right = keyboard.answers.every((answer, index) => sameText(given[index] ?? '', answer));
      if (known && right) attempt.accept();
      else this.#refuse(attempt);
    });
  }

  /** Asks one request after the other; what is wrong with the answers is said only after the last, as PAM does. */
  #askRounds(
    attempt: KeyboardAuthContext,
    [round, ...rest]: readonly KeyboardInteractive['questions'][],
    given: readonly (string | undefined)[],
    done: (given: readonly (string | undefined)[]) => void,
  ): void {
    if (round === undefined) {
      done(given);
      return;
    }
    attempt.prompt([...round], answers => this.#askRounds(attempt, rest, [...given, ...answers], done));
  }

  #settle(attempt: AuthContext, right: boolean): void {
    if (!right) {
      this.#refuse(attempt);
    } else if (this.#account.keyboard?.secondFactor === true) {
      this.#firstFactorDone = true;
      attempt.reject(['keyboard-interactive'], true);
    } else {
      attempt.accept();
    }
  }

  #refuse(attempt: AuthContext): void {
    attempt.reject(this.#methods());
    if (++this.#failures >= MAX_FAILURES) this.#giveUp();
  }

  #methods(): AuthenticationType[] {
    const { password, keyboard } = this.#account;
    if (this.#firstFactorDone) return ['keyboard-interactive'];
    return [
      'publickey',
      ...(password === undefined ? [] : (['password'] as const)),
      ...(keyboard === undefined || keyboard.secondFactor === true ? [] : (['keyboard-interactive'] as const)),
    ];
  }
}

function sameText(left: string, right: string): boolean {
  return sameBytes(Buffer.from(left), Buffer.from(right));
}

function sameBytes(left: Buffer, right: Buffer): boolean {
  const digest = (bytes: Buffer): Buffer => createHash('sha256').update(bytes).digest();
  return timingSafeEqual(digest(left), digest(right));
}
