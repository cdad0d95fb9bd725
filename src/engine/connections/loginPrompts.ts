import type { Connection } from '../../shared/connection.js';
import { SparkError } from '../../shared/errors.js';
import type { Question } from '../../shared/questions.js';
import { Secret } from '../base/secret.js';
import type { Ask } from '../server/questions.js';
import type { LoginPrompts } from '../ssh/types.js';
import type { LoginSecrets, SecretKind } from './loginSecrets.js';

/**
 * Answers what a login needs: from memory, from the keychain, and where `ask` is given, from the user. Without `ask`
 * (a reconnect, a start of the editor) it rejects with the code of what is missing, and nobody is disturbed.
 */
export function loginPrompts(
  connection: Connection,
  secrets: LoginSecrets,
  ask: Ask | undefined,
  signal: AbortSignal,
): LoginPrompts {
  const about = { connectionId: connection.id, connectionName: connection.name };

  async function secret(kind: SecretKind, wrong: boolean, question: Question): Promise<Secret> {
    if (wrong) await secrets.drop(kind);
    const known = wrong ? undefined : await secrets.find(kind);
    if (known) return known;
    if (!ask) throw missing(kind, connection.name);
    const answer = await ask(question, signal);
    // the answer and the end of the attempt may have crossed: what was forgotten must not come back
    if (answer.kind !== 'secret' || signal.aborted) throw new SparkError({ code: 'cancelled', message: 'Cancelled.' });
    const given = new Secret(answer.secret);
    secrets.enter(kind, given, answer.remember);
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
      await secret('passphrase', wrong, { kind: 'passphrase', ...about, keyPath, wrong }),
    password: async wrong =>
      await secret('password', wrong, {
        kind: 'password',
        ...about,
        login: `${connection.username}@${connection.hostname}`,
        wrong,
      }),
  };
}

function missing(kind: SecretKind, name: string): SparkError {
  const what = kind === 'password' ? 'password' : 'passphrase of the key';
  return new SparkError({
    code: kind === 'password' ? 'passwordNeeded' : 'passphraseNeeded',
    message: `The ${what} for ${name} is needed.`,
    hint: 'Choose Connect to enter it.',
  });
}
