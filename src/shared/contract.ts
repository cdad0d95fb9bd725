import * as v from 'valibot';
import {
  connectionChangesSchema,
  connectionIdSchema,
  connectionInputSchema,
  connectionSchema,
  connectionStatusSchema,
  connectionViewSchema,
  epochMsSchema,
  keyPathSchema,
  portSchema,
} from './connection.js';
import { chainNotifications, chainRequests } from './chains.js';
import { metricRowSchema, sampleSchema } from './metrics.js';
import { diagnosisSchema } from './diagnosis.js';
import { foundSparkSchema, sshConfigListSchema } from './discovery.js';
import { answerSchema, questionSchema } from './questions.js';
import { engineSettingsSchema } from './settings.js';

/** Raised whenever two builds could misunderstand each other. Compared in the handshake. */
export const CONTRACT_VERSION = 3;

/** Highest `PRAGMA user_version` that this build knows. Compared in the handshake. */
export const DATABASE_VERSION = 3;

const nothing = v.strictObject({});
const byConnection = v.strictObject({ connectionId: connectionIdSchema });
const none = v.null();

export const endpointSchema = v.object({
  /** What `dgxSpark.ollama.endpoint` says, e.g. `http://localhost:11435`. */
  url: v.string(),
  /** Where it leads. */
  source: v.picklist(['local', 'dgx']),
  /** The connection behind it, when `source` is `dgx`. */
  connectionId: v.nullable(connectionIdSchema),
});
/** The published Ollama endpoint. */
export type Endpoint = v.InferOutput<typeof endpointSchema>;

export const snapshotSchema = v.object({
  connections: v.array(connectionViewSchema),
  endpoint: endpointSchema,
});
/** Everything a view shows but the metrics: sent whole, so that a page that was hidden misses nothing. */
export type Snapshot = v.InferOutput<typeof snapshotSchema>;

export const engineInfoSchema = v.object({
  pid: v.number(),
  version: v.string(),
  contractVersion: v.number(),
  /** Windows attached now. */
  clients: v.number(),
  location: v.picklist(['process', 'window']),
  startedAt: epochMsSchema,
});
export type EngineInfo = v.InferOutput<typeof engineInfoSchema>;

/** Requests from a window (or the panel, through its window) to the engine. */
export const engineRequests = {
  'engine/info': { params: nothing, result: engineInfoSchema },
  /** Ends the engine in an orderly way; what is connected now is connected again by the next one. */
  'engine/shutdown': { params: nothing, result: none },
  'engine/flush': { params: nothing, result: none },

  'state/get': { params: nothing, result: snapshotSchema },

  'connections/list': { params: nothing, result: v.array(connectionViewSchema) },
  'connections/get': { params: byConnection, result: connectionSchema },
  'connections/create': { params: connectionInputSchema, result: connectionSchema },
  'connections/update': {
    params: v.strictObject({ connectionId: connectionIdSchema, changes: connectionChangesSchema }),
    result: connectionSchema,
  },
  'connections/delete': { params: byConnection, result: none },
  'connections/connect': {
    params: v.strictObject({
      connectionId: connectionIdSchema,
      /** Whether a choice that has a sensible default (another local port) is put to the user. Login questions always are. */
      offerChoices: v.optional(v.boolean(), false),
    }),
    result: connectionStatusSchema,
  },
  'connections/disconnect': { params: byConnection, result: none },
  'connections/status': {
    params: byConnection,
    result: v.object({ connected: v.boolean(), uptimeSeconds: v.nullable(v.number()), status: connectionStatusSchema }),
  },
  /** Connects, logs in and disconnects again, without touching what is saved or running. */
  /** Finds out step by step what works and what does not. Asks what a login asks. */
  'connections/diagnose': { params: byConnection, result: diagnosisSchema },
  /**
   * Makes an Ed25519 key (or takes one), lets it log in to the machine, proves that it does, and switches the
   * connection to it. Asks for the password once. Doing it again changes nothing.
   */
  'connections/setUpKey': {
    params: v.strictObject({ connectionId: connectionIdSchema, keyPath: v.optional(keyPathSchema) }),
    result: v.object({
      /** Where the private key is. */
      keyPath: v.string(),
      /** Whether a new key was made, and whether the machine had to learn it. */
      made: v.boolean(),
      added: v.boolean(),
      /** What may still keep the key from working, in sentences. */
      warnings: v.array(v.string()),
    }),
  },
  /** Moves a private key into the keychain of the editor: its file is not needed any more. */
  'connections/storeKey': { params: byConnection, result: none },
  'connections/test': { params: byConnection, result: v.object({ milliseconds: v.number() }) },
  'connections/setActive': { params: byConnection, result: none },
  /** Drops the secrets of one connection (of all, where none is named) from the engine's memory and the keychain. */
  'connections/forgetSecrets': {
    params: v.strictObject({
      connectionId: v.optional(connectionIdSchema),
      /** Private keys that were stored stay: they may be nowhere else. */
      keepKeys: v.optional(v.boolean(), false),
    }),
    result: none,
  },

  /** The hosts that ssh_config names; lines that cannot be read are told as problems. */
  'sshConfig/list': { params: nothing, result: sshConfigListSchema },
  /** Looks for machines on the local network for a few seconds. */
  'discovery/find': { params: nothing, result: v.array(foundSparkSchema) },

  'tunnel/start': {
    params: v.strictObject({
      connectionId: connectionIdSchema,
      localPort: v.optional(portSchema),
      remotePort: v.optional(portSchema),
    }),
    result: v.object({ localPort: v.number() }),
  },
  'tunnel/stop': { params: byConnection, result: none },

  'metrics/latest': { params: byConnection, result: v.nullable(sampleSchema) },
  /** The last samples that are kept in memory, oldest first, at most {@link RECENT_SAMPLES}. */
  'metrics/recent': { params: byConnection, result: v.array(sampleSchema) },
  'metrics/history': {
    params: v.strictObject({
      connectionId: connectionIdSchema,
      hours: v.pipe(v.number(), v.minValue(0), v.maxValue(24 * 3650)),
    }),
    result: v.array(metricRowSchema),
  },
  /** Deletes rows older than so many days; answers how many went. */
  'metrics/cleanUp': {
    params: v.strictObject({ days: v.pipe(v.number(), v.minValue(0), v.maxValue(36_500)) }),
    result: v.object({ deleted: v.number() }),
  },

  ...chainRequests,

  'settings/set': { params: engineSettingsSchema, result: none },
} as const;

/** Notifications from a window to the engine. */
export const engineNotifications = {
  /** This window has the focus now: questions that nobody started go to it. */
  'client/focused': nothing,
} as const;

/** Requests from the engine to a window. */
export const clientRequests = {
  'question/ask': { params: questionSchema, result: answerSchema },
  'secrets/get': { params: v.strictObject({ key: v.string() }), result: v.nullable(v.string()) },
  'secrets/store': { params: v.strictObject({ key: v.string(), value: v.string() }), result: none },
  'secrets/delete': { params: v.strictObject({ key: v.string() }), result: none },
} as const;

/** Notifications from the engine to its windows. */
export const clientNotifications = {
  'state/changed': snapshotSchema,
  'metrics/sampled': sampleSchema,
  ...chainNotifications,
  /** Whether this window is the one that writes settings and shows what concerns nobody in particular. */
  'client/leader': v.strictObject({ leader: v.boolean() }),
  /** Something the user must know (a damaged database was replaced). Sent to one window. */
  'notice/show': v.strictObject({ severity: v.picklist(['info', 'warning', 'error']), message: v.string() }),
  'log/line': v.strictObject({
    level: v.picklist(['debug', 'info', 'warn', 'error']),
    scope: v.string(),
    message: v.string(),
    at: epochMsSchema,
  }),
} as const;
