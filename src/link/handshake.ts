import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Socket } from 'node:net';
import * as v from 'valibot';
import { SparkError } from '../shared/errors.js';

/*
 * Before anything else is said, both ends prove that they know the token of the storage folder, each over nonces of
 * both, and neither shows the token. The window goes first, so that a stranger who connects gets a nonce and nothing
 * more; versions are told only to a peer that has proved itself.
 *
 *   engine -> window   {"nonce": s}
 *   window -> engine   {"nonce": c, "proof": HMAC(token, "window" s c)}
 *   engine -> window   {"proof": HMAC(token, "engine" s c), "versions": {...}}
 *   window -> engine   {"intent": "attach" | "takeOver", "versions": {...}}
 *
 * One JSON object a line; after the last line the same socket carries JSON-RPC.
 */

const LONGEST_LINE = 4096;
const NONCE_BYTES = 32;
export const HANDSHAKE_TIMEOUT_MS = 5_000;

const hex64 = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));
const versionsSchema = v.object({
  contract: v.pipe(v.number(), v.integer()),
  database: v.pipe(v.number(), v.integer()),
  /** Version of the extension, `major.minor.patch`. */
  extension: v.pipe(v.string(), v.maxLength(50)),
});
/** What an end is built to speak and to store. */
export type Versions = v.InferOutput<typeof versionsSchema>;

const greetingSchema = v.object({ nonce: hex64 });
const clientProofSchema = v.object({ nonce: hex64, proof: hex64 });
const engineProofSchema = v.object({ proof: hex64, versions: versionsSchema });
const intentSchema = v.object({ intent: v.picklist(['attach', 'takeOver']), versions: versionsSchema });
/** What a window wants of an engine that it has just met. */
export type Intent = v.InferOutput<typeof intentSchema>;

/**
 * The window's side.
 * @param decide what to do with an engine of these versions; throws to walk away
 * @returns the intent that was sent
 */
export async function greetEngine(
  socket: Socket,
  token: string,
  versions: Versions,
  decide: (engine: Versions) => Intent['intent'],
): Promise<Intent['intent']> {
  return await withDeadline(socket, async () => {
    const { nonce: theirs } = parse(greetingSchema, await readLine(socket));
    const mine = randomBytes(NONCE_BYTES).toString('hex');
    writeLine(socket, { nonce: mine, proof: proof(token, 'window', theirs, mine) });
    const answer = parse(engineProofSchema, await readLine(socket));
    if (!matches(answer.proof, proof(token, 'engine', theirs, mine)))
      throw new SparkError({
        code: 'engineUnavailable',
        message: 'The program that answers on the DGX Spark socket is not the DGX Spark engine.',
        hint: 'Close all windows of the editor and open one again.',
      });
    const intent = decide(answer.versions);
    writeLine(socket, { intent, versions });
    return intent;
  });
}

/**
 * The engine's side. Rejects when the other end does not prove itself; the caller closes the socket without a word.
 */
export async function greetWindow(socket: Socket, token: string, versions: Versions): Promise<Intent> {
  return await withDeadline(socket, async () => {
    const mine = randomBytes(NONCE_BYTES).toString('hex');
    writeLine(socket, { nonce: mine });
    const { nonce: theirs, proof: shown } = parse(clientProofSchema, await readLine(socket));
    if (!matches(shown, proof(token, 'window', mine, theirs)))
      throw new Error('A client without the token was refused.');
    writeLine(socket, { proof: proof(token, 'engine', mine, theirs), versions });
    return parse(intentSchema, await readLine(socket));
  });
}

function proof(token: string, role: 'window' | 'engine', engineNonce: string, windowNonce: string): string {
  return createHmac('sha256', Buffer.from(token, 'hex'))
    .update(`${role}\n${engineNonce}\n${windowNonce}`)
    .digest('hex');
}

function matches(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}

function parse<T extends v.GenericSchema>(schema: T, line: string): v.InferOutput<T> {
  return v.parse(schema, JSON.parse(line));
}

function writeLine(socket: Socket, message: object): void {
  socket.write(`${JSON.stringify(message)}\n`);
}

/** Reads up to the next newline and puts back what came after it: that belongs to the next line or to JSON-RPC. */
async function readLine(socket: Socket): Promise<string> {
  return await new Promise((resolve, reject) => {
    let held = Buffer.alloc(0);
    const done = (settle: () => void) => {
      socket.off('readable', onReadable);
      socket.off('error', onEnd);
      socket.off('close', onEnd);
      settle();
    };
    const onEnd = () => {
      done(() => {
        reject(new Error('The connection ended during the handshake.'));
      });
    };
    const onReadable = () => {
      for (;;) {
        const chunk = socket.read() as Buffer | null;
        if (chunk === null) return;
        held = Buffer.concat([held, chunk]);
        const end = held.indexOf(10);
        if (end >= 0 && end <= LONGEST_LINE) {
          const rest = held.subarray(end + 1);
          done(() => {
            if (rest.length > 0) socket.unshift(rest);
            resolve(held.subarray(0, end).toString('utf8'));
          });
          return;
        }
        if (held.length > LONGEST_LINE) {
          done(() => {
            reject(new Error('A line of the handshake is too long.'));
          });
          return;
        }
      }
    };
    socket.on('error', onEnd);
    socket.on('close', onEnd);
    socket.on('readable', onReadable);
    onReadable();
  });
}

async function withDeadline<T>(socket: Socket, work: () => Promise<T>): Promise<T> {
  const timer = setTimeout(() => {
    socket.destroy();
  }, HANDSHAKE_TIMEOUT_MS);
  try {
    return await work();
  } finally {
    clearTimeout(timer);
  }
}
