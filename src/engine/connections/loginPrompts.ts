import type { Connection } from '../../shared/connection.js';
import { SparkError } from '../../shared/errors.js';
import type { Question } from '../../shared/questions.js';
import { Secret } from '../base/secret.js';
import type { Ask } from '../server/questions.js';
import type { LoginPrompts } from '../ssh/types.js';
import type { LoginSecrets, SecretName } from './loginSecrets.js';

/**
 * Answers what a login asks: from memory or the keychain where the secret is known and was not refused, else by asking
 * the user. Without `ask` nobody is asked: the login is a background one, and rejects with what it lacks.
 */
export function loginPrompts(
  connection: Connection,
  secrets: LoginSecrets,
  ask: Ask | undefined,
  signal: AbortSignal,
): LoginPrompts {
  const about = { connectionId: connection.id, connectionName: connection.name };

  async function secret(name: SecretName, wrong: boolean | 'perhaps', question: Question): Promise<Secret> {
    // one that may be right stays in the keychain until another is proved
    if (wrong === true) await secrets.drop(name);
    const known = wrong ? undefined : await secrets.find(name);
    if (known) return known;
    if (!ask) throw missing(name.kind, connection.name);
    const answer = await ask(question, signal);
    // the answer and the end of the attempt may have crossed: what was forgotten must not come back
    if (answer.kind !== 'secret' || signal.aborted) throw cancelled();
    const given = new Secret(answer.secret);
    secrets.enter(name, given, answer.remember);
    return given;
  }

  return {
    async confirmHostKey(key) {
      if (!ask)
        throw new SparkError({
          code: 'hostKeyUnknown',
          message: `The host key of ${key.host} is not known yet (${key.keyType} ${key.fingerprint}).`,
          hint: 'Connect by hand once to compare the fingerprint and trust it.',
        });
      const answer = await ask({ kind: 'hostKey', ...about, ...key }, signal);
      return answer.kind === 'yes';
    },
    passphrase: async (keyPath, wrong) =>
      await secret({ kind: 'passphrase', about: keyPath === connection.sshKeyPath ? undefined : keyPath }, wrong, {
        kind: 'passphrase',
        ...about,
        keyPath,
        wrong,
      }),
    password: async (who, wrong) =>
      await secret({ kind: 'password', about: who.isJumpHost ? who.name : undefined }, wrong, {
        kind: 'password',
        ...about,
        login: who.name,
        wrong: wrong !== false,
      }),
    async answers(who, { name, instructions, prompts }, wrong) {
      if (!ask) throw missing('code', connection.name);
      const question = { name, instructions, prompts: [...prompts], wrong };
      const answer = await ask({ kind: 'answers', ...about, login: who.name, ...question }, signal);
      secrets.needHuman = true;
      if (answer.kind !== 'answers' || answer.answers.length !== prompts.length || signal.aborted) throw cancelled();
      return answer.answers.map(given => new Secret(given));
    },
  };
}

function cancelled(): SparkError {
  return new SparkError({ code: 'cancelled', message: 'Cancelled.' });
}

const MISSING = {
  password: ['passwordNeeded', 'The password'],
  passphrase: ['passphraseNeeded', 'The passphrase of the key'],
  key: ['passphraseNeeded', 'The private key'],
  code: ['answersNeeded', 'An answer to what the server asks'],
} as const;

function missing(kind: keyof typeof MISSING, name: string): SparkError {
  const [code, what] = MISSING[kind];
  return new SparkError({ code, message: `${what} for ${name} is needed.`, hint: 'Choose Connect to enter it.' });
}
