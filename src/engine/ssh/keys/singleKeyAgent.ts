import ssh2, {
  type BaseAgent,
  type Client,
  type IdentityCallback,
  type ParsedKey,
  type SignCallback,
  type SigningRequestOptions,
} from 'ssh2';
import { canSendSignedRequest, foreignPublicKey, sendSignedRequest } from '../ssh2Internals.js';
import { WireReader } from '../wire.js';
import type { Identity } from './identity.js';
import { unusableKey } from './keyError.js';
import { isSecurityKey } from './keyTypes.js';

/**
 * One key, offered to a server through ssh2's `{ type: 'agent', username, agent }`, which waits for a signature as long as it takes.
 *
 * For the login code: where the key cannot be offered or does not sign, ssh2 emits `error` on the client with `level: 'agent'`, the error
 * being the one that the identity rejected with (so its `code` may be `cancelled`), and then asks `authHandler` for the next thing to try.
 * It is not the end of the connection. `authHandler` is not told which methods are left after an attempt of this type; see
 * `recordRefusals`. An RSA key is skipped without a word when the server lists signature algorithms and no RSA one is among them.
 * @param client the one that logs in with it; `connect` has been called
 */
export function singleKeyAgent(identity: Identity, client: Client): BaseAgent {
  return new SingleKeyAgent(identity, client);
}

class SingleKeyAgent extends ssh2.BaseAgent<ParsedKey> {
  constructor(
    private readonly identity: Identity,
    private readonly client: Client,
  ) {
    super();
  }

  override getIdentities(callback: IdentityCallback<ParsedKey>): void {
    const key = this.offered();
    if (key instanceof Error) callback(key);
    else callback(undefined, [key]);
  }

  override sign(_key: ParsedKey, data: Buffer, options: SigningRequestOptions, callback?: SignCallback): void;
  override sign(_key: ParsedKey, data: Buffer, callback: SignCallback): void;
  override sign(
    _key: ParsedKey,
    data: Buffer,
    optionsOrCallback: SigningRequestOptions | SignCallback,
    callback: SignCallback = optionsOrCallback as SignCallback,
  ): void {
    const hash = typeof optionsOrCallback === 'object' ? optionsOrCallback.hash : undefined;
    this.identity
      .sign(data, hash)
      .then(signature => this.send(data, signature, callback))
      // sending fails where the connection has ended meanwhile
      .catch((error: unknown) => callback(error instanceof Error ? error : new Error(String(error))));
  }

  private offered(): ParsedKey | Error {
    const { keyType, publicBlob, label } = this.identity;
    if (!isSecurityKey(keyType)) return ssh2.utils.parseKey(`${keyType} ${publicBlob.toString('base64')}`);
    const key = canSendSignedRequest(this.client) ? foreignPublicKey(keyType, publicBlob) : undefined;
    return key ?? unusableKey(label, 'this build of the extension does not support security keys (FIDO)');
  }

  private send(data: Buffer, signature: Buffer, callback: SignCallback): void {
    if (isSecurityKey(this.identity.keyType)) {
      sendSignedRequest(this.client, data, signature);
      return;
    }
    const reader = new WireReader(signature);
    // ssh2 writes the algorithm itself
    reader.string();
    callback(undefined, reader.string());
  }
}
