/**
 * What `npm start` needs of the product before a window is open, as a program: speaks to the engine of one storage
 * folder through the contract, as a window does. Takes one JSON argument, see {@link taskSchema}; nothing in it is secret.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import * as v from 'valibot';
import { attachToEngine, attachToRunningEngine } from '../../src/link/attach.js';
import type { AttachOptions, EnginePeer, WindowHandlers, WindowListeners } from '../../src/link/types.js';
import { SparkError } from '../../src/shared/errors.js';
import { makeKeyPair } from '../spark/ssh/keys.js';

const place = { storageFolder: v.string(), engineFile: v.string(), extensionVersion: v.string() };
const taskSchema = v.variant('do', [
  /** Makes key pairs that are not there: `<file>` and `<file>.pub`. */
  v.object({ do: v.literal('keys'), files: v.array(v.string()) }),
  /** Saves a connection, or changes the one of the same name; connects it when `fingerprint` says whom to trust. */
  v.object({
    do: v.literal('save'),
    ...place,
    connection: v.strictObject({
      name: v.string(),
      hostname: v.string(),
      username: v.string(),
      port: v.number(),
      sshKeyPath: v.nullable(v.string()),
    }),
    fingerprint: v.optional(v.string()),
  }),
  /** Disconnects the connection of this name and ends the engine; nothing to do when none runs. */
  v.object({ do: v.literal('end'), ...place, disconnect: v.nullable(v.string()) }),
]);
type Task = v.InferOutput<typeof taskSchema>;
type SaveTask = Extract<Task, { do: 'save' }>;
type EndTask = Extract<Task, { do: 'end' }>;

/** Long enough for an editor to start and for a browser to be pointed at it; then the window's own setting holds. */
const LINGER_SECONDS = 600;

async function main(): Promise<void> {
  const task = v.parse(taskSchema, JSON.parse(process.argv[2] ?? 'null'));
  if (task.do === 'keys') makeKeys(task.files);
  else if (task.do === 'save') await save(task);
  else await end(task);
}

function makeKeys(files: readonly string[]): void {
  for (const file of files) {
    if (existsSync(file)) continue;
    const { privateKey, publicKey } = makeKeyPair('npm-start');
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(`${file}.pub`, `${publicKey}\n`);
    writeFileSync(file, privateKey, { mode: 0o600 });
  }
}

async function save({ connection, fingerprint, ...where }: SaveTask): Promise<void> {
  const peer = await attachToEngine(options(where), answering(fingerprint), LISTENERS);
  try {
    const known = (await peer.request('connections/list', {})).find(({ name }) => name === connection.name);
    const authMethod = connection.sshKeyPath === null ? 'password' : 'key';
    const changes = { ...connection, authMethod } as const;
    const { id } = known
      ? await peer.request('connections/update', { connectionId: known.id, changes })
      : await peer.request('connections/create', changes);
    console.log(`Saved the connection "${connection.name}"`);
    if (fingerprint === undefined) return;
    const { tunnel } = await connect(peer, id);
    const ollama = tunnel.state === 'open' ? `, its Ollama is on http://localhost:${tunnel.localPort}` : '';
    console.log(`Connected to "${connection.name}"${ollama}`);
    await peer.request('engine/flush', {});
  } finally {
    peer.dispose();
  }
}

async function connect(peer: EnginePeer, connectionId: string) {
  // a connection that was left on is already being tried, perhaps at the port of the last run
  await peer.request('connections/disconnect', { connectionId });
  return await peer.request('connections/connect', { connectionId, offerChoices: true });
}

async function end({ disconnect, ...where }: EndTask): Promise<void> {
  const peer = await attachToRunningEngine(options(where), answering(undefined), LISTENERS);
  if (!peer) return;
  const known = (await peer.request('connections/list', {})).find(({ name }) => name === disconnect);
  if (known) await peer.request('connections/disconnect', { connectionId: known.id });
  const ended = new Promise<void>(resolve => {
    peer.closed.addEventListener('abort', () => {
      resolve();
    });
  });
  await peer.request('engine/shutdown', {}).catch(() => undefined);
  await ended;
}

function options(where: Pick<AttachOptions, 'storageFolder' | 'engineFile' | 'extensionVersion'>): AttachOptions {
  return {
    ...where,
    location: 'process',
    lingerSeconds: LINGER_SECONDS,
    log: (level, message) => {
      if (level !== 'debug') console.log(message);
    },
    signal: new AbortController().signal,
  };
}

/** Trusts the host key with this fingerprint and no other, and takes the next free port; knows no secrets. */
function answering(fingerprint: string | undefined): WindowHandlers {
  return {
    'question/ask': question => {
      if (question.kind === 'portBusy') return { kind: 'yes' };
      const trusted = question.kind === 'hostKey' && question.fingerprint === fingerprint;
      return { kind: trusted ? 'yes' : 'cancelled' };
    },
    'secrets/get': () => null,
    'secrets/store': () => null,
    'secrets/delete': () => null,
  };
}

const LISTENERS: WindowListeners = {
  'state/changed': () => undefined,
  'metrics/sampled': () => undefined,
  'alerts/raised': () => undefined,
  'forwards/traffic': () => undefined,
  'ollama/pulling': () => undefined,
  'ollama/changed': () => undefined,
  'ollama/chatPart': () => undefined,
  'containers/changed': () => undefined,
  'containers/output': () => undefined,
  'jobs/changed': () => undefined,
  'jobs/logGrew': () => undefined,
  'chains/changed': () => undefined,
  'chains/pulling': () => undefined,
  'client/leader': () => undefined,
  'notice/show': ({ message }) => {
    console.log(message);
  },
  'log/line': () => undefined,
  'transfers/changed': () => undefined,
  'terminals/output': () => undefined,
  'terminals/ended': () => undefined,
  'projects/changed': () => undefined,
};

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(SparkError.is(error) ? [error.message, error.hint].filter(Boolean).join(' ') : error);
    process.exit(1);
  },
);
