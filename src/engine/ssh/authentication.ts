import type { AnyAuthMethod, Client, Prompt } from 'ssh2';
import { SparkError } from '../../shared/errors.js';
import type { Secret } from '../base/secret.js';
import type { Identity } from './keys/identity.js';
import { singleKeyAgent } from './keys/singleKeyAgent.js';
import { keyRefused, moreProofs, nothingLeft, passwordRefused, passwordsNotTaken } from './loginRefusals.js';
import { asksForPassword, printableQuestion } from './loginQuestions.js';
import { recordRefusals, type Refusal } from './ssh2Internals.js';
import type { LoginParty, LoginPrompts, SshLogin } from './types.js';

export const LOGIN_METHODS = ['publickey', 'keyboard-interactive', 'password'] as const;
export type LoginMethod = (typeof LOGIN_METHODS)[number];

/** A key that may be offered. */
export interface KeyCandidate {
  /** Names it in messages, and is the only one with this name. */
  readonly label: string;
  /** Gets it ready; undefined when it cannot be used. May ask for a passphrase. */
  readonly open: () => Promise<Identity | undefined>;
}

/** What is known of a login; outlives a connection that the server closed before it was through. */
export interface LoginMemory {
  /** Entered, and not refused so far. */
  password: Secret | undefined;
  passwordsEntered: number;
  /** The last one was refused together with other answers, which may be what was wrong. */
  isPasswordInDoubt: boolean;
  /** How often the server was not content with what it got for its questions. */
  conversationsRefused: number;
  /** Answers that the user has given were among that. */
  areAnswersRefused: boolean;
  /** Labels of keys that the server does not take. */
  readonly refusedKeys: Set<string>;
}

export function newLoginMemory(): LoginMemory {
  return {
    password: undefined,
    passwordsEntered: 0,
    isPasswordInDoubt: false,
    conversationsRefused: 0,
    areAnswersRefused: false,
    refusedKeys: new Set(),
  };
}

export interface AuthenticationOptions {
  readonly username: string;
  readonly who: LoginParty;
  readonly login: SshLogin['method'];
  /** What may be tried, best first. */
  readonly methods: readonly LoginMethod[];
  readonly keys: readonly KeyCandidate[];
  /** How often a password may be entered, and how often the server's questions are answered. */
  readonly tries: number;
  readonly memory: LoginMemory;
  readonly prompts: Pick<LoginPrompts, 'password' | 'answers'>;
}

/** The connection that a login is made on. */
export interface LoginConnection {
  readonly client: Client;
  /** Whether it is still there; to be asked after everything that may have taken a user's time. Ends the login where it is not. */
  readonly isThere: () => boolean;
  /** Ends the login. */
  readonly fail: (error: unknown) => void;
}

type Sent =
  | { readonly method: 'publickey'; readonly key: KeyCandidate }
  | { readonly method: 'password' | 'keyboard-interactive' };

/** Decides what is sent to log in, one thing after the other, until the server is content or nothing is left. */
export class Authentication {
  private connection: LoginConnection | undefined;
  private refusals: { readonly last: Refusal | undefined } = { last: undefined };
  /** A first proof was accepted: from now on whatever the server wants as the next may be given. */
  private proved = false;
  private sent: Sent | undefined;
  /** The refusal that was taken note of last: one that is still the last answers nothing that was sent since. */
  private judged: Refusal | undefined;
  private readonly used = new Set<KeyCandidate>();
  private failure: Error | undefined;
  /** The user has answered questions in the conversation that is the last thing sent. */
  private hasAnswered = false;

  constructor(private readonly options: AuthenticationOptions) {}

  /** To be called once, when the client has begun to connect. */
  begin(connection: LoginConnection): void {
    this.connection = connection;
    this.refusals = recordRefusals(connection.client);
  }

  /** The key that has opened the door, where it was one. */
  get acceptedKey(): KeyCandidate | undefined {
    return this.sent?.method === 'publickey' ? this.sent.key : undefined;
  }

  /** What the server would accept next; null before it has said so. */
  private get methodsLeft(): readonly string[] | null {
    return this.refusals.last?.methodsLeft ?? null;
  }

  /** The next thing to try. Rejects with `authFailed` when there is nothing left, or as a question rejects. */
  async next(): Promise<AnyAuthMethod> {
    this.noteOutcome();
    if (this.failure) throw this.failure;
    const { methods, login } = this.options;
    const left = this.methodsLeft;
    const mayBeTried: readonly LoginMethod[] = this.proved ? LOGIN_METHODS : methods;
    for (const method of mayBeTried) {
      if (left !== null && !left.includes(method)) continue;
      const attempt = await this.attempt(method);
      if (attempt) return attempt;
    }
    if (this.proved) throw moreProofs(this.options.who.name, left ?? []);
    if (login === 'password' && left !== null && !methods.some(method => left.includes(method)))
      throw passwordsNotTaken(this.options.who.name, left);
    throw this.refused();
  }

  /** The server has closed the connection over too many failures: whether another one could go on from here. */
  tooManyFailures(): boolean {
    this.noteOutcome();
    const { methods, keys, memory, tries } = this.options;
    const canGoOn = (method: LoginMethod) => {
      if (this.methodsLeft !== null && !this.methodsLeft.includes(method)) return false;
      if (method === 'publickey') return keys.some(key => !memory.refusedKeys.has(key.label));
      return method === 'password' ? memory.passwordsEntered < tries : memory.conversationsRefused < tries;
    };
    return methods.some(canGoOn);
  }

  /** What to say when the login has failed for good. */
  refused(): SparkError {
    const { login, keys, memory } = this.options;
    const who = this.options.who.name;
    const left = this.methodsLeft ?? [];
    if (login === 'key' || login === 'storedKey') return keyRefused(keys[0]?.label ?? 'the key', who, left);
    if (login === 'password') return passwordRefused(who);
    const { passwordsEntered, areAnswersRefused } = memory;
    return nothingLeft(
      who,
      { keys: [...memory.refusedKeys], password: passwordsEntered > 0, answers: areAnswersRefused },
      left,
    );
  }

  /** The server has answered the last thing with a refusal, or by wanting one more proof. */
  private noteOutcome(): void {
    const { sent } = this;
    const { memory } = this.options;
    this.sent = undefined;
    if (!sent) return;
    if (this.refusals.last?.partial && this.refusals.last !== this.judged) this.proved = true;
    else if (sent.method === 'publickey') memory.refusedKeys.add(sent.key.label);
    else this.noteRefusal(sent.method);
    this.judged = this.refusals.last;
  }

  private noteRefusal(method: 'password' | 'keyboard-interactive'): void {
    const { memory } = this.options;
    // where the server does not have the method at all, nothing is wrong with the password
    if (this.methodsLeft?.includes(method) !== false) {
      memory.isPasswordInDoubt = memory.password !== undefined && this.hasAnswered;
      memory.password = undefined;
    }
    if (method === 'password') return;
    memory.conversationsRefused += 1;
    memory.areAnswersRefused ||= this.hasAnswered;
  }

  private async attempt(method: LoginMethod): Promise<AnyAuthMethod | undefined> {
    switch (method) {
      case 'publickey':
        return await this.nextKey();
      case 'password':
        return await this.nextPassword();
      case 'keyboard-interactive':
        return this.nextQuestions();
    }
  }

  private async nextKey(): Promise<AnyAuthMethod | undefined> {
    const { keys, memory, username } = this.options;
    const client = this.connection?.client;
    if (!client) throw new Error('The login has not begun.');
    for (const key of keys) {
      if (this.used.has(key) || memory.refusedKeys.has(key.label)) continue;
      this.used.add(key);
      const identity = await key.open();
      if (identity === undefined) continue;
      this.sent = { method: 'publickey', key };
      return { type: 'agent', username, agent: singleKeyAgent(this.watched(identity), client) };
    }
    return undefined;
  }

  /** A user who closes the question for a passphrase has ended the login; a key that cannot sign only itself. */
  private watched(identity: Identity): Identity {
    const { login } = this.options;
    const { publicBlob, keyType, label, source } = identity;
    return {
      ...{ publicBlob, keyType, label, source },
      sign: async (data, hash) => {
        try {
          const signed = await identity.sign(data, hash);
          // the passphrase was asked for
          this.connection?.isThere();
          return signed;
        } catch (error) {
          if (login !== 'auto' || SparkError.is(error, 'cancelled') || SparkError.is(error, 'passphraseNeeded'))
            this.failure = error instanceof Error ? error : new Error(String(error));
          throw error;
        }
      },
    };
  }

  private async nextPassword(): Promise<AnyAuthMethod | undefined> {
    const { memory, tries, username } = this.options;
    if (memory.password === undefined && memory.passwordsEntered >= tries) return undefined;
    const password = await this.password();
    this.sent = { method: 'password' };
    this.hasAnswered = false;
    return { type: 'password', username, password: password.reveal() };
  }

  private nextQuestions(): AnyAuthMethod | undefined {
    const { memory, tries, username } = this.options;
    if (memory.conversationsRefused >= tries) return undefined;
    this.sent = { method: 'keyboard-interactive' };
    this.hasAnswered = false;
    let hasGivenPassword = false;
    const answer = async (name: string, instructions: string, prompts: Prompt[]): Promise<string[]> => {
      const question = printableQuestion(name, instructions, prompts);
      if (asksForPassword(question)) {
        // asked once more in one conversation: the first was wrong
        if (hasGivenPassword) {
          memory.password = undefined;
          memory.isPasswordInDoubt = false;
        }
        hasGivenPassword = true;
        return [(await this.password()).reveal()];
      }
      const answers = await this.options.prompts.answers(this.options.who, question, memory.areAnswersRefused);
      this.hasAnswered ||= answers.length > 0;
      return answers.map(given => given.reveal());
    };
    return {
      type: 'keyboard-interactive',
      username,
      prompt: (name, instructions, _language, prompts, finish) => {
        answer(name, instructions, prompts).then(
          answers => {
            if (this.connection?.isThere()) finish(answers);
          },
          (error: unknown) => this.connection?.fail(error),
        );
      },
    };
  }

  private async password(): Promise<Secret> {
    const { memory, prompts, who, tries } = this.options;
    if (memory.password === undefined) {
      if (memory.passwordsEntered >= tries) throw this.refused();
      const refused = memory.isPasswordInDoubt ? 'perhaps' : true;
      const password = await prompts.password(who, memory.passwordsEntered > 0 ? refused : false);
      memory.passwordsEntered += 1;
      memory.password = password;
    }
    return memory.password;
  }
}
