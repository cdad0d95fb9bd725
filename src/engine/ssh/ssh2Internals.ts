/**
 * What has to be known of the inside of ssh2, which is version 1.17; everything else uses its documented API. Relied on here:
 *
 * - a parsed key is told by a property that objects made from one with `Object.create` inherit (`protocol/keyParser.js`);
 * - `client._protocol` exists after `connect`, and `_handlers.USERAUTH_FAILURE(protocol, methods, partial)` of it is looked up at each
 *   refusal (`protocol/handlers.misc.js`);
 * - the packet of a signed request is what was signed without the session's id, followed by the signature; it is sent with
 *   `_packetRW.write` and `sendPacket`, after its method was noted in `_authsQueue` (`authHostbased` in `protocol/Protocol.js`);
 * - what comes for a channel, or for an SFTP client, is handed to its `push` after its length was taken off `incoming.window`; what is added to
 * that is told to the server by `channelWindowAdjust(outgoing.id, bytes)` (`client.js`, `windowAdjust` in `Channel.js`);
 * - an SFTP client keeps what the server said of itself in `_extensions`, `_maxReadLen` and `_maxWriteLen` (`protocol/SFTP.js`).
 *
 * Each is checked where it is used.
 */
import ssh2, { type Client, type ParsedKey, type SFTPWrapper } from 'ssh2';
import { sendPacket } from 'ssh2/lib/protocol/utils.js';
import { lengthPrefixed, WireReader } from './wire.js';

const USERAUTH_REQUEST = 50;

type RefusalHandler = (protocol: unknown, methodsLeft: unknown, partial: unknown) => void;

interface Protocol {
  readonly _authsQueue: string[];
  readonly _handlers: { USERAUTH_FAILURE: RefusalHandler };
  readonly _packetRW: {
    readonly write: { readonly allocStart: number; alloc(length: number): Buffer; finalize(packet: Buffer): Buffer };
  };
}

/** The server's last answer that was no success (RFC 4252, 5.1). */
export interface Refusal {
  readonly methodsLeft: readonly string[];
  /** What was sent is accepted, and more is wanted. */
  readonly partial: boolean;
}

/**
 * Keeps the server's last refusal. ssh2 does not pass it on after an attempt of type `agent`: its `authHandler` is then told what was true
 * before. `last` stays undefined when ssh2 is not as expected.
 * @param client on which `connect` has been called
 */
export function recordRefusals(client: Client): { readonly last: Refusal | undefined } {
  const record: { last: Refusal | undefined } = { last: undefined };
  const handlers = protocolOf(client)?._handlers;
  if (handlers === undefined) return record;
  const original = handlers.USERAUTH_FAILURE;
  handlers.USERAUTH_FAILURE = (protocol, methodsLeft, partial) => {
    const names = Array.isArray(methodsLeft) ? methodsLeft.filter(name => typeof name === 'string') : [];
    record.last = { methodsLeft: names, partial: partial === true };
    original(protocol, methodsLeft, partial);
  };
  return record;
}

/** Whether {@link sendSignedRequest} can work. */
export function canSendSignedRequest(client: Client): boolean {
  return protocolOf(client) !== undefined && typeof sendPacket === 'function';
}

/**
 * Sends a login request with a signature of any form. ssh2 itself can only write those that are a name and one string, which the
 * signatures of security keys are not.
 * @param signed what was signed: the session's id and the request (RFC 4252, 7)
 * @param signature with the name of its algorithm
 */
export function sendSignedRequest(client: Client, signed: Buffer, signature: Buffer): void {
  const protocol = protocolOf(client);
  const reader = new WireReader(signed);
  reader.string();
  const request = reader.rest();
  if (protocol === undefined || request[0] !== USERAUTH_REQUEST) throw new Error('ssh2 is not as expected.');
  const payload = Buffer.concat([request, lengthPrefixed(signature)]);
  const { write } = protocol._packetRW;
  const packet = write.alloc(payload.length);
  packet.set(payload, write.allocStart);
  protocol._authsQueue.push('publickey');
  sendPacket(protocol, write.finalize(packet));
}

/** A public key of a type that ssh2 does not know, in a form that it takes; undefined when it does not. */
export function foreignPublicKey(keyType: string, publicBlob: Buffer): ParsedKey | undefined {
  const known = ssh2.utils.parseKey(`ecdsa-sha2-nistp256 ${PLACEHOLDER.toString('base64')}`);
  if (known instanceof Error) return undefined;
  const key = Object.create(known, {
    type: { value: keyType },
    getPublicSSH: { value: () => publicBlob },
  }) as ParsedKey;
  return ssh2.utils.parseKey(key) === key ? key : undefined;
}

/** Of the form of a key, which is all that is looked at. */
const PLACEHOLDER = Buffer.concat(['ecdsa-sha2-nistp256', 'nistp256', Buffer.alloc(65, 4)].map(lengthPrefixed));

/** What the server of an SFTP channel has said that it can do, as far as ssh2 tells. */
export function sftpLimits(channel: SFTPWrapper): {
  maxRead: number | undefined;
  maxWrite: number | undefined;
  extensions: Readonly<Record<string, unknown>>;
} {
  const { _maxReadLen, _maxWriteLen, _extensions } = channel as unknown as Record<string, unknown>;
  const number = (value: unknown) => (typeof value === 'number' ? value : undefined);
  return {
    maxRead: number(_maxReadLen),
    maxWrite: number(_maxWriteLen),
    extensions: typeof _extensions === 'object' && _extensions !== null ? { ..._extensions } : {},
  };
}

/** How far ahead the server may send on a channel. */
export interface ChannelWindow {
  /** Bytes that it may still send. */
  left(): number;
  /** Bytes that have come and nobody has read. */
  unread(): number;
  /** Allows more. */
  grant(bytes: number): void;
}

/**
 * Watches what comes for a channel: `onData` is called with the bytes of each piece, after it was handed to the reader. Undefined when ssh2 is not as
 * expected; then all stays with it.
 */
export function watchChannel(
  client: Client,
  channel: object,
  onData: (bytes: number) => void,
): ChannelWindow | undefined {
  const { incoming, outgoing, push, readableLength } = channel as Partial<WindowedChannel>;
  const { _protocol: protocol } = client as unknown as { _protocol?: Partial<WindowProtocol> };
  const adjust = protocol?.channelWindowAdjust;
  if (typeof incoming?.window !== 'number' || typeof outgoing?.id !== 'number') return undefined;
  if (typeof push !== 'function' || typeof adjust !== 'function') return undefined;
  const isStream = typeof readableLength === 'number';
  const windowed = channel as WindowedChannel;
  windowed.push = data => {
    const wantsMore = push.call(channel, data);
    if (data) onData(data.length);
    return wantsMore;
  };
  return {
    left: () => incoming.window,
    unread: () => (isStream ? windowed.readableLength : 0),
    grant: bytes => {
      if (outgoing.state !== 'open' && outgoing.state !== 'eof') return;
      incoming.window += bytes;
      adjust.call(protocol, outgoing.id, bytes);
    },
  };
}

interface WindowedChannel {
  readonly incoming: { window: number };
  readonly outgoing: { readonly id: number; readonly state: string };
  readonly readableLength: number;
  push(data: Buffer | null): unknown;
}

interface WindowProtocol {
  channelWindowAdjust(id: number, bytes: number): void;
}

function protocolOf(client: Client): Protocol | undefined {
  const protocol = (client as unknown as { _protocol?: Partial<Protocol> })._protocol;
  const write: Partial<Protocol['_packetRW']['write']> | undefined = protocol?._packetRW?.write;
  const isAsExpected =
    Array.isArray(protocol?._authsQueue) &&
    typeof protocol._handlers?.USERAUTH_FAILURE === 'function' &&
    typeof write?.allocStart === 'number' &&
    typeof write.alloc === 'function' &&
    typeof write.finalize === 'function';
  return isAsExpected ? (protocol as Protocol) : undefined;
}
