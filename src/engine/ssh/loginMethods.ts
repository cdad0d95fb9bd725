import { LOGIN_METHODS, type LoginMethod } from './authentication.js';
import type { Machine } from './machine.js';

/** What may be tried first at a machine, best first. What the server wants after a first proof is another matter. */
export function loginMethods({ host, login }: Machine): readonly LoginMethod[] {
  switch (login.method) {
    case 'key':
    case 'storedKey':
      return ['publickey'];
    case 'password':
      // the method that was made for it; servers with PAM may have only the other
      return ['password', 'keyboard-interactive'];
    case 'auto': {
      const off: Readonly<Record<LoginMethod, boolean>> = {
        publickey: host.pubkeyAuthentication === false,
        'keyboard-interactive': host.kbdInteractiveAuthentication === false,
        password: host.passwordAuthentication === false,
      };
      const preferred = host.preferredAuthentications?.filter(isLoginMethod) ?? LOGIN_METHODS;
      return preferred.filter(method => !off[method]);
    }
  }
}

function isLoginMethod(name: string): name is LoginMethod {
  return LOGIN_METHODS.some(method => method === name);
}
