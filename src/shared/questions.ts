import * as v from 'valibot';
import { connectionIdSchema, epochMsSchema, portSchema } from './connection.js';
import { conflictChoiceSchema, directionSchema } from './transfers.js';

const versionSchema = v.object({
  kind: v.picklist(['file', 'folder', 'link', 'other']),
  size: v.number(),
  mtime: epochMsSchema,
});

const about = { connectionId: connectionIdSchema, connectionName: v.string() };

export const questionSchema = v.variant('kind', [
  /** The server showed a key that no known_hosts file has. */
  v.object({
    kind: v.literal('hostKey'),
    ...about,
    /** As OpenSSH writes it: `host` or `[host]:port`. */
    host: v.string(),
    /** Key type in words, e.g. `ED25519`. */
    keyType: v.string(),
    /** `SHA256:` and base64 without padding, as `ssh-keygen -lf` prints it. */
    fingerprint: v.string(),
    /** File that the key will be written to when it is accepted. */
    file: v.string(),
    /** What else is to be known about it. */
    note: v.optional(v.string()),
  }),
  v.object({
    kind: v.literal('passphrase'),
    ...about,
    keyPath: v.string(),
    /** The one that was tried before did not open the key. */
    wrong: v.boolean(),
  }),
  v.object({
    kind: v.literal('password'),
    ...about,
    /** `user@host`. */
    login: v.string(),
    wrong: v.boolean(),
  }),
  /** What the server asks by itself: one-time codes and the like. All words are the server's. */
  v.object({
    kind: v.literal('answers'),
    ...about,
    /** `user@host` of the machine that asks: it may be a jump host. */
    login: v.string(),
    name: v.string(),
    instructions: v.string(),
    /** What was answered before was refused. */
    wrong: v.optional(v.boolean(), false),
    prompts: v.array(v.object({ text: v.string(), /** Whether what is typed may be seen. */ echo: v.boolean() })),
  }),
  /** The local port for the tunnel is taken. */
  v.object({
    kind: v.literal('portBusy'),
    ...about,
    port: portSchema,
    /** What holds it, as far as it can be told: "ollama (pid 4711)". */
    holder: v.nullable(v.string()),
    /** The next free one. */
    free: portSchema,
  }),
  /** A file that is uploaded or downloaded has the name of one that is there. */
  v.object({
    kind: v.literal('fileConflict'),
    ...about,
    direction: directionSchema,
    name: v.string(),
    /** The folder that it goes to. */
    folder: v.string(),
    coming: versionSchema,
    there: versionSchema,
    /** What may be chosen: a folder is not overwritten by a file. */
    choices: v.array(conflictChoiceSchema),
    /** How many conflicts follow this one. */
    more: v.number(),
  }),
  /** A chain wants to read a file that is not in its workspace folder. */
  v.object({ kind: v.literal('outsideFile'), chain: v.string(), path: v.string() }),
]);
/** Something only the user can answer. Asked by the engine, shown by one window. */
export type Question = v.InferOutput<typeof questionSchema>;

export const answerSchema = v.variant('kind', [
  v.object({ kind: v.literal('cancelled') }),
  v.object({ kind: v.literal('yes') }),
  v.object({ kind: v.literal('secret'), secret: v.string(), remember: v.boolean() }),
  v.object({ kind: v.literal('answers'), answers: v.array(v.string()) }),
  v.object({ kind: v.literal('conflict'), choice: conflictChoiceSchema, forAll: v.boolean() }),
]);
/** `conflict` for fileConflict, `yes` for hostKey, portBusy and outsideFile, `secret` for passphrase and password, `answers` for answers, `cancelled` for all. */
export type Answer = v.InferOutput<typeof answerSchema>;
