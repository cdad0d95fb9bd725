import { SparkError } from '../../shared/errors.js';
import { printable } from '../base/remoteText.js';

/** The one key that the login is by was refused. */
export function keyRefused(label: string, who: string, methods: readonly string[]): SparkError {
  const others = methods.includes('password') ? ' The server would also accept a password.' : '';
  return new SparkError({
    code: 'authFailed',
    message: `The server refused the key ${label} for ${who}.`,
    hint: `Check the user name, and that the public key is in ~/.ssh/authorized_keys on the Spark ("Set Up Key Login" puts it there).${others}`,
  });
}

export function passwordRefused(who: string): SparkError {
  return new SparkError({
    code: 'authFailed',
    message: `The server refused the password for ${who}.`,
    hint: 'Check the user name and the password, then connect again.',
  });
}

/** A login by password on a server that takes none. */
export function passwordsNotTaken(who: string, methods: readonly string[]): SparkError {
  return new SparkError({
    code: 'authFailed',
    message: `The server does not let ${who} log in with a password.`,
    hint: methods.includes('publickey')
      ? 'Log in with a private key instead.'
      : 'Ask whoever looks after the machine how to log in.',
  });
}

/** One proof was accepted, and there is nothing to give as the next. */
export function moreProofs(who: string, methods: readonly string[]): SparkError {
  return new SparkError({
    code: 'authFailed',
    message: `The server wants one more proof that it is ${who} (${printable(methods.join(', '))}), and there is none to give.`,
    hint: methods.includes('publickey')
      ? 'Choose "Automatic" as the way to log in, so that your other keys are offered too.'
      : 'Ask whoever looks after the machine how to log in.',
  });
}

/** Everything that could be tried was refused. */
export function nothingLeft(
  who: string,
  given: { readonly keys: readonly string[]; readonly password: boolean; readonly answers: boolean },
  methods: readonly string[],
): SparkError {
  const tried = [
    ...given.keys.map(key => printable(key, 60)),
    ...(given.password ? ['the password'] : []),
    ...(given.answers ? ['your answers to its questions'] : []),
  ];
  const shown = tried.length > 6 ? [...tried.slice(0, 5), `${tried.length - 5} more`] : tried;
  const accepts = methods.length > 0 ? ` It accepts: ${printable(methods.join(', '))}.` : '';
  if (shown.length === 0)
    return new SparkError({
      code: 'authFailed',
      message: `There is no key to log in with as ${who}, and the server takes nothing else.`,
      hint: `Choose a private key file, add one to your SSH agent ("ssh-add"), or set one up with "Set Up Key Login".${accepts}`,
    });
  const check =
    given.keys.length > 0
      ? 'Check the user name, and that one of your keys is in ~/.ssh/authorized_keys on the Spark.'
      : 'Check the user name and what you have entered, then connect again.';
  return new SparkError({
    code: 'authFailed',
    message: `The server refused ${who}; tried were ${shown.join(', ')}.`,
    hint: `${check}${accepts}`,
  });
}
