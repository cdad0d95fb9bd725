import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import ssh2, { type ParsedKey, type SigningRequestOptions } from 'ssh2';
import { Secret } from '../../../../src/engine/base/secret.js';
import { identityFromText } from '../../../../src/engine/ssh/keys/fileIdentity.js';
import type { Identity } from '../../../../src/engine/ssh/keys/identity.js';
import { toOpenSshPrivateKey } from '../../../../src/engine/ssh/keys/opensshKey.js';
import { singleKeyAgent } from '../../../../src/engine/ssh/keys/singleKeyAgent.js';
import { foreignPublicKey, recordRefusals, sendSignedRequest } from '../../../../src/engine/ssh/ssh2Internals.js';
import { lengthPrefixed } from '../../../../src/engine/ssh/wire.js';
import { SparkError } from '../../../../src/shared/errors.js';
import { SecurityKey } from '../../../support/securityKey.js';

const DATA = Buffer.from('to be signed');

describe('the agent of one key', () => {
  async function identity(type: 'ed25519' | 'rsa'): Promise<Identity> {
    const { privateKey } =
      type === 'rsa' ? generateKeyPairSync('rsa', { modulusLength: 2048 }) : generateKeyPairSync('ed25519');
    const passphrase = () => Promise.resolve(new Secret(''));
    const prepared = await identityFromText(toOpenSshPrivateKey(privateKey) ?? '', 'mine', passphrase);
    assert.ok(prepared.kind === 'key');
    return prepared;
  }

  const keysOf = (from: Identity, client = new ssh2.Client()) =>
    new Promise<ParsedKey[]>((resolve, reject) =>
      singleKeyAgent(from, client).getIdentities((error, keys) => {
        if (error) reject(error);
        else resolve(keys as unknown as ParsedKey[]);
      }),
    );

  async function sign(from: Identity, options: SigningRequestOptions): Promise<Buffer | undefined> {
    const [key] = await keysOf(from);
    return new Promise((resolve, reject) =>
      singleKeyAgent(from, new ssh2.Client()).sign(key!, DATA, options, (error, signature) => {
        if (error) reject(error);
        else resolve(signature);
      }),
    );
  }

  it('has that key and no other', async () => {
    const mine = await identity('ed25519');
    const keys = await keysOf(mine);
    assert.deepEqual(
      keys.map(key => [key.type, key.getPublicSSH()]),
      [['ssh-ed25519', mine.publicBlob]],
    );
  });

  it('signs as ssh2 wants it: without the name of the algorithm', async () => {
    const ed25519 = await identity('ed25519');
    const [edKey] = await keysOf(ed25519);
    assert.equal(edKey!.verify(DATA, (await sign(ed25519, {}))!), true);
    const rsa = await identity('rsa');
    const [rsaKey] = await keysOf(rsa);
    for (const hash of ['sha256', 'sha512'] as const)
      assert.equal(rsaKey!.verify(DATA, (await sign(rsa, { hash }))!, hash), true);
  });

  it('does not sign with SHA-1, and says why', async () => {
    const rsa = await identity('rsa');
    for (const options of [{ hash: 'sha1' }, {}] as const)
      await assert.rejects(sign(rsa, options), (error: unknown) => {
        assert.ok(SparkError.is(error, 'authFailed'));
        assert.match(error.message, /mine.*SHA-1/);
        return true;
      });
  });

  it('passes on why a key does not sign, be it no error at all', async () => {
    const mine = await identity('ed25519');
    const declined = new SparkError({ code: 'cancelled', message: 'no' });
    await assert.rejects(sign({ ...mine, sign: () => Promise.reject(declined) }, {}), declined);
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
    await assert.rejects(sign({ ...mine, sign: () => Promise.reject('odd') }, {}), /odd/);
    await assert.rejects(sign({ ...mine, sign: () => Promise.resolve(Buffer.from('x')) }, {}), RangeError);
  });
});

describe('the inside of ssh2', () => {
  const key = new SecurityKey('sk-ssh-ed25519@openssh.com');

  it('takes a key of a type that it does not know', () => {
    const foreign = foreignPublicKey('sk-ssh-ed25519@openssh.com', key.publicBlob);
    assert.equal(foreign?.type, 'sk-ssh-ed25519@openssh.com');
    assert.deepEqual(foreign.getPublicSSH(), key.publicBlob);
    assert.equal(ssh2.utils.parseKey(foreign as never), foreign);
  });

  /** A client whose protocol object is this. */
  const clientWith = (protocol: unknown) => Object.assign(new ssh2.Client(), { _protocol: protocol });
  const write = {
    allocStart: 0,
    alloc: (length: number) => Buffer.alloc(length),
    finalize: (packet: Buffer) => packet,
  };
  const expected = () => ({
    _authsQueue: [] as string[],
    _handlers: { USERAUTH_FAILURE: () => undefined },
    _packetRW: { write },
  });
  const unexpected = [
    undefined,
    { ...expected(), _authsQueue: undefined },
    { ...expected(), _handlers: {} },
    { ...expected(), _packetRW: { write: { ...write, alloc: undefined } } },
    { ...expected(), _packetRW: { write: { ...write, allocStart: '0' } } },
  ];

  it('is looked at before it is used: nothing is sent where it is not as expected', () => {
    const signed = Buffer.concat([lengthPrefixed('session'), Buffer.from([50])]);
    for (const protocol of unexpected)
      assert.throws(() => sendSignedRequest(clientWith(protocol), signed, key.sign(signed)), /not as expected/);
    // not a login request
    const other = Buffer.concat([lengthPrefixed('session'), Buffer.from([80])]);
    assert.throws(() => sendSignedRequest(clientWith(expected()), other, key.sign(other)), /not as expected/);
  });

  it('is sent the request that was signed, followed by the signature as it is', () => {
    const sent: Buffer[] = [];
    const protocol = { ...expected(), _cipher: { encrypt: (packet: Buffer) => sent.push(packet) } };
    const request = Buffer.concat([Buffer.from([50]), lengthPrefixed('me')]);
    const signature = key.sign(DATA);
    sendSignedRequest(clientWith(protocol), Buffer.concat([lengthPrefixed('session'), request]), signature);
    assert.deepEqual(sent, [Buffer.concat([request, lengthPrefixed(signature)])]);
    assert.deepEqual(protocol._authsQueue, ['publickey']);
  });

  it('tells of refusals and goes on as before', () => {
    const seen: unknown[][] = [];
    const protocol = { ...expected(), _handlers: { USERAUTH_FAILURE: (...args: unknown[]) => seen.push(args) } };
    const refusals = recordRefusals(clientWith(protocol));
    assert.equal(refusals.last, undefined);
    protocol._handlers.USERAUTH_FAILURE(protocol, ['publickey', 'password'], false);
    assert.deepEqual(refusals.last, { methodsLeft: ['publickey', 'password'], partial: false });
    protocol._handlers.USERAUTH_FAILURE(protocol, undefined, true);
    assert.deepEqual(refusals.last, { methodsLeft: [], partial: true });
    assert.deepEqual(seen, [
      [protocol, ['publickey', 'password'], false],
      [protocol, undefined, true],
    ]);
    for (const other of unexpected) assert.equal(recordRefusals(clientWith(other)).last, undefined);
  });
});
