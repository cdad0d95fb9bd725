import ssh2, { type ClientErrorExtensions } from 'ssh2';
import { chooseAlgorithms } from '../../../src/engine/ssh/algorithms.js';
import type { Identity } from '../../../src/engine/ssh/keys/identity.js';
import { singleKeyAgent } from '../../../src/engine/ssh/keys/singleKeyAgent.js';
import { recordRefusals, type Refusal } from '../../../src/engine/ssh/ssh2Internals.js';
import type { Sshd } from '../../support/sshd.js';

export interface Offered {
  readonly loggedIn: boolean;
  /** What went wrong with single keys. */
  readonly errors: readonly Error[];
  readonly refusal: Refusal | undefined;
}

/** Logs in as login code does: one key after the other until the server is content. Rejects when the connection fails. */
export function offerKeys(sshd: Sshd, identities: readonly Identity[]): Promise<Offered> {
  return new Promise((resolve, reject) => {
    const client = new ssh2.Client();
    const errors: Error[] = [];
    const rest = [...identities];
    const finish = (loggedIn: boolean) => {
      resolve({ loggedIn, errors, refusal: refusals.last });
      client.end();
    };
    client
      .on('error', (error: Error & ClientErrorExtensions) => {
        if (error.level === 'agent') errors.push(error);
        else reject(error);
      })
      .once('close', () => reject(new Error('The server closed the connection.')))
      .once('ready', () => finish(true));
    client.connect({
      host: '127.0.0.1',
      port: sshd.port,
      username: sshd.username,
      algorithms: chooseAlgorithms({}, []),
      hostVerifier: () => true,
      authHandler: (_methodsLeft, _partial, next) => {
        const identity = rest.shift();
        if (identity === undefined) finish(false);
        else next({ type: 'agent', username: sshd.username, agent: singleKeyAgent(identity, client) });
      },
    });
    const refusals = recordRefusals(client);
  });
}
