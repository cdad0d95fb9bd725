import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import fc from 'fast-check';
import {
  type AgentIdentity,
  type AgentKey,
  listAgentIdentities,
} from '../../../../src/engine/ssh/agent/agentIdentities.js';
import { keyFields } from '../../../../src/engine/ssh/keys/opensshKey.js';
import { lengthPrefixed, uint32 } from '../../../../src/engine/ssh/wire.js';
import { type ErrorCode, SparkError } from '../../../../src/shared/errors.js';
import { type FakeAgent, type HeldKey, holding, startFakeAgent } from '../../../support/fakeAgent.js';
import { SecurityKey } from '../../../support/securityKey.js';

const SHA2_256 = 2;
const SHA2_512 = 4;
const DATA = Buffer.from('to be signed');

describe('keys of an agent', () => {
  let agent: FakeAgent | undefined;

  afterEach(async () => {
    await agent?.stop();
    agent = undefined;
  });

  const list = (signal = new AbortController().signal, timeoutMs = 10_000) =>
    listAgentIdentities(agent!.endpoint, { signal, timeoutMs });
  const answer = async (answering: (message: Buffer, socket: Socket) => void) => {
    agent = await startFakeAgent(answering);
  };
  const usable = (identity: AgentIdentity | undefined): AgentKey => {
    assert.equal(identity?.kind, 'key');
    return identity;
  };
  const rejects = (work: Promise<unknown>, code: ErrorCode, message: RegExp) =>
    assert.rejects(work, (error: unknown) => {
      assert.ok(SparkError.is(error, code), String(error));
      assert.match(error.message, message);
      return true;
    });

  /** A key that signs with what `algorithm` makes of the request's flags. */
  function rsaKey(algorithm: (flags: number) => string): HeldKey {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    return {
      publicBlob: keyFields(privateKey)!.publicBlob,
      comment: 'rsa@laptop',
      sign: (data, flags) => {
        const hash = flags === SHA2_512 ? 'sha512' : 'sha256';
        return Buffer.concat([algorithm(flags), sign(hash, data, privateKey)].map(lengthPrefixed));
      },
    };
  }

  const named = (type: string, comment = ''): HeldKey => ({
    publicBlob: Buffer.concat([lengthPrefixed(type), lengthPrefixed('x')]),
    comment,
    sign: () => undefined,
  });

  it('are all told, those that cannot be offered with the reason', async () => {
    const types = [
      'ssh-ed25519',
      'sk-ssh-ed25519@openssh.com',
      'sk-ecdsa-sha2-nistp256@openssh.com',
      'ssh-ed25519-cert-v01@openssh.com',
      'ssh-dss',
      'ssh-xmss@openssh.com',
    ];
    const nothing = { publicBlob: Buffer.alloc(0), comment: 'odd', sign: () => undefined };
    await answer(holding([...types.map(type => named(type, `my ${type}`)), nothing]));
    const keys = await list();
    assert.deepEqual(
      keys.map(key => [key.kind, key.keyType, key.label, key.kind === 'unsupported' ? key.reason : '']),
      [
        ['key', types[0], `my ${types[0]}`, ''],
        ['key', types[1], `my ${types[1]}`, ''],
        ['key', types[2], `my ${types[2]}`, ''],
        ['unsupported', types[3], `my ${types[3]}`, 'user certificates are not supported'],
        ['unsupported', types[4], `my ${types[4]}`, 'DSA keys are no longer accepted by SSH servers'],
        ['unsupported', types[5], `my ${types[5]}`, 'keys of this type are not supported'],
        ['unsupported', 'unknown', 'odd', 'keys of this type are not supported'],
      ],
    );
  });

  it('may be none', async () => {
    await answer(holding([]));
    assert.deepEqual(await list(), []);
  });

  it('have comments that are made printable', async () => {
    await answer(holding([named('ssh-ed25519', 'me\u001b[31m\nyou\u202e'), named('ssh-ed25519', '\n')]));
    assert.deepEqual(
      (await list()).map(key => key.label),
      ['me [31m you', 'without comment'],
    );
  });

  it('of RSA are asked for SHA-2, never for SHA-1', async () => {
    await answer(holding([rsaKey(flags => (flags === SHA2_512 ? 'rsa-sha2-512' : 'rsa-sha2-256'))]));
    const [key] = await list();
    for (const [hash, flags] of [
      ['sha256', SHA2_256],
      ['sha512', SHA2_512],
    ] as const) {
      await usable(key).sign(DATA, hash);
      assert.equal(agent!.requests.at(-1)?.readUInt32BE(agent!.requests.at(-1)!.length - 4), flags);
    }
    const before = agent!.requests.length;
    for (const hash of ['sha1', undefined] as const)
      await rejects(usable(key).sign(DATA, hash), 'authFailed', /rsa@laptop.*SHA-1/);
    assert.equal(agent!.requests.length, before);
  });

  it('of RSA are not used when the agent signs with SHA-1 all the same', async () => {
    await answer(holding([rsaKey(() => 'ssh-rsa')]));
    await rejects(usable((await list())[0]).sign(DATA, 'sha256'), 'authFailed', /rsa@laptop.*signs with SHA-1 only/);
  });

  it('that it does not sign with say so', async () => {
    await answer(holding([named('ssh-ed25519', 'mine')]));
    await rejects(usable((await list())[0]).sign(DATA, undefined), 'authFailed', /"mine" was refused by the SSH agent/);
  });

  it('get signatures only that are whole and made with the right algorithm', async () => {
    const good = new SecurityKey('sk-ssh-ed25519@openssh.com');
    const whole = good.sign(DATA);
    for (const signature of [
      Buffer.alloc(0),
      whole.subarray(0, -1),
      Buffer.concat([whole, Buffer.from([0])]),
      Buffer.concat(['ssh-ed25519', 'x'].map(lengthPrefixed)),
    ]) {
      await answer(holding([{ publicBlob: good.publicBlob, comment: '', sign: () => signature }]));
      await rejects(usable((await list())[0]).sign(DATA, undefined), 'agentUnavailable', /makes no sense/);
      await agent!.stop();
    }
    await answer(holding([{ publicBlob: good.publicBlob, comment: '', sign: () => whole }]));
    assert.deepEqual(await usable((await list())[0]).sign(DATA, undefined), whole);
  });

  it('are not there when nothing listens', async () => {
    const endpoint = { kind: 'socket', path: join(tmpdir(), 'no-such-agent'), origin: 'environment' } as const;
    const listing = listAgentIdentities(endpoint, { signal: new AbortController().signal, timeoutMs: 10_000 });
    await rejects(listing, 'agentUnavailable', /^The SSH agent at .*no-such-agent is not running/);
  });

  it('are not there when Pageant does not run', async () => {
    const endpoint = { kind: 'pageant', origin: 'default' } as const;
    const listing = listAgentIdentities(endpoint, { signal: new AbortController().signal, timeoutMs: 10_000 });
    await rejects(listing, 'agentUnavailable', /^Pageant is not running/);
  });

  it('are not waited for longer than is said', async () => {
    await answer(() => undefined);
    await rejects(list(undefined, 1), 'agentUnavailable', /does not answer/);
  });

  it('are not waited for when the login is cancelled, and no signature either', async () => {
    const controller = new AbortController();
    const key = named('ssh-ed25519', 'mine');
    let arrived: () => void = () => undefined;
    await answer((message, socket) => {
      if (message[0] === 11) holding([key])(message, socket);
      else arrived();
    });
    const [identity] = await list(controller.signal);
    const asked = new Promise<void>(resolve => (arrived = resolve));
    const signing = usable(identity).sign(DATA, undefined);
    await asked;
    controller.abort();
    await rejects(signing, 'cancelled', /cancelled/);
    await rejects(list(controller.signal), 'cancelled', /cancelled/);
  });

  it('leave no connection behind', async () => {
    const closed: Promise<unknown>[] = [];
    await answer((message, socket) => {
      closed.push(once(socket, 'close'));
      holding([])(message, socket);
    });
    await list();
    await Promise.all(closed);
    assert.equal(closed.length, 1);
  });

  it('come in pieces, too', async () => {
    await answer((_message, socket) => {
      const reply = lengthPrefixed(Buffer.concat([Buffer.from([12]), uint32(0)]));
      const pieces = [...reply].map(byte => Buffer.from([byte]));
      const next = () => {
        const piece = pieces.shift();
        if (piece !== undefined) socket.write(piece, () => setImmediate(next));
      };
      next();
    });
    assert.deepEqual(await list(), []);
  });

  it('are not believed from an answer that is too large, empty or something else', async () => {
    for (const bytes of [
      uint32(0),
      uint32(256 * 1024 + 1),
      Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'),
      lengthPrefixed(Buffer.from([14])),
      lengthPrefixed(Buffer.concat([Buffer.from([12]), uint32(0xffffffff)])),
      lengthPrefixed(Buffer.concat([Buffer.from([12]), uint32(1), uint32(0xffffffff)])),
    ]) {
      await answer((_message, socket) => socket.write(bytes));
      await rejects(list(), 'agentUnavailable', /makes no sense/);
      await agent!.stop();
    }
    await answer((_message, socket) => socket.write(lengthPrefixed(Buffer.from([5]))));
    await rejects(list(), 'agentUnavailable', /list of keys was refused/);
    await agent!.stop();
    await answer((_message, socket) => socket.destroy());
    await rejects(list(), 'agentUnavailable', /hung up/);
  });

  it('are read from any bytes without an error that has no words', async () => {
    let bytes: Uint8Array = Buffer.alloc(0);
    await answer((_message, socket) => socket.end(lengthPrefixed(Buffer.concat([Buffer.from([12]), bytes]))));
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 60 }), async generated => {
        bytes = generated;
        await list().catch((error: unknown) => assert.ok(SparkError.is(error, 'agentUnavailable'), String(error)));
      }),
      { numRuns: 200 },
    );
  });
});
