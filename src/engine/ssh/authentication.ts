import type { AnyAuthMethod, AuthenticationType, ParsedKey, Prompt } from 'ssh2';
import { SparkError } from '../../shared/errors.js';
import type { Secret } from '../base/secret.js';
import { printable } from '../base/remoteText.js';
import type { LoginPrompts, SshTarget } from './types.js';

/** Logins by password that one `open` makes, each with something the user has just entered. */
const MAX_PASSWORDS = 3;

/** What has been entered so far; outlives a connection that the server closed while the user was still typing. */
export interface PasswordMemory {
  /** Entered, and not yet refused. */
  current: Secret | undefined;
  entered: number;
}

export interface AuthenticationOptions {
  readonly target: SshTarget;
  /** The opened key, when the login is by key. */
  readonly key: ParsedKey | undefined;
  readonly memory: PasswordMemory;
  askPassword: LoginPrompts['password'];
}

/**
 * Decides what is sent to log in, using the method that the user chose and no other. A password goes to the `password` method; where
 * the server has none, to `keyboard-interactive` with its one hidden prompt, which is how servers with PAM ask for it.
 */
export class Authentication {
  private method: 'publickey' | 'password' | 'keyboard-interactive' | undefined;

  constructor(private readonly options: AuthenticationOptions) {}

  /**
   * The next thing to try. Rejects with `authFailed` when there is nothing left, or as the question for the password does.
   * @param methodsLeft what the server would accept after a refusal; null before the first attempt
   * @param partial the server accepted what was sent and wants more
   * @param abort told when a prompt cannot be answered
   */
  async next(
    methodsLeft: readonly AuthenticationType[] | null,
    partial: boolean | null,
    abort: (error: SparkError) => void,
  ): Promise<AnyAuthMethod> {
    if (partial) throw this.wantsMore(methodsLeft ?? []);
    const { key, target } = this.options;
    if (target.auth.method === 'key') {
      if (key === undefined || methodsLeft !== null) throw this.keyRefused(target.auth.keyPath, methodsLeft ?? []);
      this.method = 'publickey';
      return { type: 'publickey', username: target.username, key };
    }
    return this.nextPassword(methodsLeft, abort);
  }

  /** What to say when the server ends the conversation because of too many failures (MaxAuthTries). */
  refused(): SparkError {
    const { auth } = this.options.target;
    return auth.method === 'key' ? this.keyRefused(auth.keyPath, []) : this.passwordRefused();
  }

  private async nextPassword(
    methodsLeft: readonly AuthenticationType[] | null,
    abort: (error: SparkError) => void,
  ): Promise<AnyAuthMethod> {
    const { memory, askPassword, target } = this.options;
    const refused = methodsLeft !== null;
    if (refused && !methodsLeft.includes('password') && !methodsLeft.includes('keyboard-interactive'))
      throw this.noPasswords(methodsLeft);
    // not a wrong password but a method that the server does not have
    const methodMissing = this.method === 'password' && refused && !methodsLeft.includes('password');
    if (methodMissing) this.method = 'keyboard-interactive';
    else if (refused) memory.current = undefined;
    this.method ??= 'password';

    if (memory.current === undefined) {
      if (memory.entered >= MAX_PASSWORDS) throw this.passwordRefused();
      const password = await askPassword(memory.entered > 0);
      memory.entered += 1;
      memory.current = password;
    }
    const password = memory.current;
    const username = target.username;
    if (this.method === 'password') return { type: 'password', username, password: password.reveal() };
    return { type: 'keyboard-interactive', username, prompt: this.answerWith(password, abort) };
  }

  private answerWith(password: Secret, abort: (error: SparkError) => void) {
    let answered = false;
    return (
      _name: string,
      _instructions: string,
      _language: string,
      prompts: Prompt[],
      finish: (answers: string[]) => void,
    ) => {
      const [only] = prompts;
      if (answered || prompts.length !== 1 || only?.echo === true) abort(this.asksMore(prompts));
      else {
        answered = true;
        finish([password.reveal()]);
      }
    };
  }

  private get login(): string {
    return `${this.options.target.username}@${this.options.target.hostname}`;
  }

  private keyRefused(keyPath: string, methods: readonly string[]): SparkError {
    const others = methods.includes('password') ? ' The server would also accept a password.' : '';
    return new SparkError({
      code: 'authFailed',
      message: `The server refused the key ${keyPath} for ${this.login}.`,
      hint: `Check the user name, and that the public key is in ~/.ssh/authorized_keys on the Spark ("ssh-copy-id").${others}`,
    });
  }

  private passwordRefused(): SparkError {
    return new SparkError({
      code: 'authFailed',
      message: `The server refused the password for ${this.login}.`,
      hint: 'Check the user name and the password, then connect again.',
    });
  }

  private noPasswords(methods: readonly string[]): SparkError {
    return new SparkError({
      code: 'authFailed',
      message: `The server does not let ${this.login} log in with a password.`,
      hint: methods.includes('publickey')
        ? 'Log in with a private key instead.'
        : 'Ask whoever looks after the machine how to log in.',
    });
  }

  private wantsMore(methods: readonly string[]): SparkError {
    return new SparkError({
      code: 'authFailed',
      message: `The server wants a second proof after the ${this.options.target.auth.method} (${printable(methods.join(', '))}).`,
      hint: 'Logins in several steps are not supported yet; use an account that needs one.',
    });
  }

  private asksMore(prompts: readonly Prompt[]): SparkError {
    const asked = printable(prompts.map(item => item.prompt).join(' '), 80);
    return new SparkError({
      code: 'authFailed',
      message: `The server asks for more than a password${asked === '' ? '' : ` ("${asked}")`}.`,
      hint: 'One-time codes and other questions are not supported yet; log in with a key.',
    });
  }
}
