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
import { containerRequests } from './containerRequests.js';
import { containerOutputSchema, containerRefSchema } from './containers.js';
import { chainNotifications, chainRequests } from './chains.js';
import { alertSchema, snoozeSchema } from './alerts.js';
import { machineDetailsSchema } from './details.js';
import { exportQuerySchema, seriesQuerySchema, seriesSchema } from './history.js';
import { metricRowSchema, sampleSchema } from './metrics.js';
import { diagnosisSchema } from './diagnosis.js';
import { foundSparkSchema, sshConfigListSchema } from './discovery.js';
import {
  forwardInputSchema,
  forwardKeySchema,
  forwardOfferSchema,
  forwardTrafficSchema,
  forwardViewSchema,
} from './forwards.js';
import {
  chatEndSchema,
  chatPartSchema,
  chatRequestSchema,
  endpointHealthSchema,
  memoryCheckSchema,
  memoryStateSchema,
  modelCardSchema,
  modelListSchema,
  modelNameSchema,
  pullSchema,
} from './ollama.js';
import { jobRequests } from './jobRequests.js';
import { jobIdSchema, jobSchema } from './jobs.js';
import { noticeWaySchema } from './notify.js';
import { bytesSchema, CHUNK_BYTES, fileStatSchema, folderSchema, remotePathSchema } from './files.js';
import {
  foundProjectSchema,
  projectChangesSchema,
  projectConfigStateSchema,
  projectIdSchema,
  projectInputSchema,
  projectSchema,
} from './projects.js';
import { answerSchema, questionSchema } from './questions.js';
import { terminalEndSchema, terminalIdSchema, terminalOutputSchema, terminalSizeSchema } from './terminals.js';
import { transferIdSchema, transferRequestSchema, transferResultSchema, transferSchema } from './transfers.js';
import { engineSettingsSchema } from './settings.js';

/** Raised whenever two builds could misunderstand each other. Compared in the handshake. */
export const CONTRACT_VERSION = 8;

/** Highest `PRAGMA user_version` that this build knows. Compared in the handshake. */
export const DATABASE_VERSION = 7;

const nothing = v.strictObject({});
const byConnection = v.strictObject({ connectionId: connectionIdSchema });
const byModel = v.strictObject({ connectionId: connectionIdSchema, model: modelNameSchema });
const none = v.null();
const byPath = v.strictObject({ connectionId: connectionIdSchema, path: remotePathSchema });
const byProject = v.strictObject({ projectId: projectIdSchema });
const byHandle = v.strictObject({ handle: v.string() });
const byTransfer = v.strictObject({ transferId: transferIdSchema });
const byTerminal = v.strictObject({ terminalId: terminalIdSchema });
const fromTo = v.strictObject({
  connectionId: connectionIdSchema,
  from: remotePathSchema,
  to: remotePathSchema,
  /** Whether what is at `to` goes; else it is refused with `fileExists`. */
  overwrite: v.optional(v.boolean(), false),
});
/** More than any window shows at once. */
const MOST_WATCHED = 500;
/** A process of the table; its start tells it from another that got the same number later. */
const endProcessSchema = v.strictObject({
  connectionId: connectionIdSchema,
  pid: v.pipe(v.number(), v.integer(), v.minValue(2), v.maxValue(2 ** 31)),
  startTicks: v.pipe(v.number(), v.integer(), v.minValue(0)),
  force: v.optional(v.boolean(), false),
});

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
  /** Of all connections; the Ollama tunnels are not among them. */
  forwards: v.array(forwardViewSchema),
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

  /** Saves a forward and opens it; one to the same place that is saved already is opened, or moved to the wished port. */
  'forwards/add': {
    params: v.strictObject({ connectionId: connectionIdSchema, forward: forwardInputSchema }),
    result: v.object({ localPort: v.number() }),
  },
  /** Closes and forgets it; answers the local port that it had, null where it was not open. */
  'forwards/remove': {
    params: v.strictObject({ connectionId: connectionIdSchema, forward: forwardKeySchema }),
    result: v.object({ localPort: v.nullable(v.number()) }),
  },
  /** Looks at the machine for ports that may be worth a forward. */
  'forwards/offers': { params: byConnection, result: v.array(forwardOfferSchema) },

  /** Asks both Ollamas that tools can be led to; the answers are a moment old at most. */
  'ollama/health': { params: nothing, result: endpointHealthSchema },
  /** The models of a machine; the answer is a moment old at most unless it is to be `fresh`. */
  'ollama/models': {
    params: v.strictObject({ connectionId: connectionIdSchema, fresh: v.optional(v.boolean(), false) }),
    result: modelListSchema,
  },
  'ollama/show': { params: byModel, result: modelCardSchema },
  /** What a model needs against what there is, before it is loaded. Loads nothing. */
  'ollama/checkMemory': {
    params: v.strictObject({
      connectionId: connectionIdSchema,
      model: modelNameSchema,
      contextTokens: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
    }),
    result: memoryCheckSchema,
  },
  /** What there is of memory, and who holds the rest. */
  'ollama/memory': { params: byConnection, result: memoryStateSchema },
  'ollama/unload': { params: byModel, result: none },
  'ollama/delete': { params: byModel, result: none },
  /**
   * Pulls a model, or joins a pull of it that is under way. Resolves when it is installed. A caller that goes away does
   * not end the pull.
   */
  'ollama/pull': { params: byModel, result: none },
  /** What was loaded so far stays on the machine: the next pull goes on from there. */
  'ollama/cancelPull': { params: byModel, result: none },
  'ollama/pulls': { params: nothing, result: v.array(pullSchema) },
  /** The answer comes in parts, as notifications to the window that asks; resolves when it is whole. */
  'ollama/chat': { params: chatRequestSchema, result: chatEndSchema },

  ...containerRequests,
  ...jobRequests,

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
  /**
   * What changes slowly, as it was read last; null until it was. Who asks looks at the metrics: machines are read at
   * full pace for a minute more.
   */
  'metrics/details': {
    params: v.strictObject({ connectionId: connectionIdSchema, refresh: v.optional(v.boolean(), false) }),
    result: v.nullable(machineDetailsSchema),
  },
  'metrics/series': { params: seriesQuerySchema, result: seriesSchema },
  /** Writes a CSV file on this computer. */
  'metrics/export': { params: exportQuerySchema, result: v.object({ rows: v.number() }) },
  /** Ends a process of the process table; `force` by a signal that it cannot ignore. */
  'metrics/endProcess': { params: endProcessSchema, result: none },
  /** Deletes rows older than so many days; answers how many went. */
  'metrics/cleanUp': {
    params: v.strictObject({ days: v.pipe(v.number(), v.minValue(0), v.maxValue(36_500)) }),
    result: v.object({ deleted: v.number() }),
  },

  ...chainRequests,
  /** The last alerts, the newest first. */
  /** Keeps the password or the address in the keychain; an empty value forgets it. */
  'notify/setSecret': {
    params: v.strictObject({ way: noticeWaySchema, value: v.pipe(v.string(), v.maxLength(4096)) }),
    result: none,
  },
  /** Sends a test message; rejects with `noticeFailed` and what is wrong. */
  'notify/test': { params: v.strictObject({ way: noticeWaySchema }), result: none },

  'alerts/list': { params: nothing, result: v.array(alertSchema) },
  'alerts/snooze': { params: snoozeSchema, result: none },

  'settings/set': { params: engineSettingsSchema, result: none },

  /* Files of a machine. None of these connects; each waits a little for a link that is coming back. */
  /** The home folder of the user who is logged in. */
  'files/home': { params: byConnection, result: v.object({ path: v.string() }) },
  'files/stat': { params: byPath, result: fileStatSchema },
  /** The same of several, null where there is nothing. Does not count as use. */
  'files/statAll': {
    params: v.strictObject({
      connectionId: connectionIdSchema,
      paths: v.pipe(v.array(remotePathSchema), v.maxLength(MOST_WATCHED)),
    }),
    result: v.array(v.nullable(fileStatSchema)),
  },
  'files/list': { params: byPath, result: folderSchema },
  'files/makeFolder': { params: byPath, result: none },
  /** A folder goes with what is in it where `recursive` is given; links are not followed. */
  'files/delete': {
    params: v.strictObject({ ...byPath.entries, recursive: v.optional(v.boolean(), false) }),
    result: none,
  },
  'files/rename': { params: fromTo, result: none },
  'files/copy': { params: fromTo, result: none },
  /** Opens a file to be read piece by piece; the handle is the asking window's. */
  'files/openRead': { params: byPath, result: v.object({ handle: v.string(), stat: fileStatSchema }) },
  'files/read': {
    params: v.strictObject({
      handle: v.string(),
      position: v.pipe(v.number(), v.minValue(0)),
      length: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(CHUNK_BYTES)),
    }),
    /** Fewer bytes than asked for are the last. */
    result: v.object({ data: v.string() }),
  },
  /** Begins to write a file. What was there stays until `files/commit`, and for ever when that does not come. */
  'files/openWrite': {
    params: v.strictObject({
      ...byPath.entries,
      /** Whether there may be nothing, and something, of that name. */
      create: v.optional(v.boolean(), true),
      overwrite: v.optional(v.boolean(), true),
    }),
    result: v.object({ handle: v.string() }),
  },
  /** Appends; to be called again when the one before has been answered. */
  'files/write': { params: v.strictObject({ handle: v.string(), data: bytesSchema }), result: none },
  'files/commit': { params: byHandle, result: fileStatSchema },
  'files/close': { params: byHandle, result: none },

  /** Begins to upload or download; goes on when the window that asked goes away. */
  'transfers/start': { params: transferRequestSchema, result: v.object({ transferId: transferIdSchema }) },
  'transfers/list': { params: nothing, result: v.array(transferSchema) },
  /** Resolves at the end, however it comes; rejects with `cancelled` when it was cancelled, and with the reason when it was stopped. */
  'transfers/wait': { params: byTransfer, result: transferResultSchema },
  /** Ends it; what was being written is removed, what is complete stays. */
  'transfers/cancel': { params: byTransfer, result: none },
  /** Goes on with one that was stopped. */
  'transfers/resume': { params: byTransfer, result: none },

  /** Starts a shell in a terminal, in a folder where one is named; it ends with the window that asked. */
  'terminals/open': {
    params: v.strictObject({
      connectionId: connectionIdSchema,
      size: terminalSizeSchema,
      path: v.optional(remotePathSchema),
      /** A shell inside this container instead of one on the machine. */
      container: v.optional(containerRefSchema),
    }),
    result: v.object({ terminalId: terminalIdSchema }),
  },
  'terminals/close': { params: byTerminal, result: none },

  'projects/list': { params: nothing, result: v.array(projectSchema) },
  'projects/get': { params: byProject, result: projectSchema },
  'projects/create': { params: projectInputSchema, result: projectSchema },
  'projects/update': {
    params: v.strictObject({ projectId: projectIdSchema, changes: projectChangesSchema }),
    result: projectSchema,
  },
  /** Deletes what is known of it here, its jobs included; nothing changes on the Spark. */
  'projects/delete': { params: byProject, result: none },
  /** Makes another of the same folder and configuration, without its jobs. */
  'projects/duplicate': { params: byProject, result: projectSchema },
  /** Something was done with it: it moves up in the list. */
  'projects/touch': { params: byProject, result: none },
  'projects/getConfig': { params: byProject, result: projectConfigStateSchema },
  /** Rejects with `configInvalid`, and with `configConflict` where it is not `basedOn` the revision that is stored. */
  'projects/setConfig': {
    params: v.strictObject({
      projectId: projectIdSchema,
      text: v.string(),
      /** Null to store it whatever is there. */
      basedOn: v.nullable(v.number()),
    }),
    result: projectConfigStateSchema,
  },
  /** Looks for folders on a Spark that look like projects, in the home folder where no other is named. */
  'projects/find': {
    params: v.strictObject({ connectionId: connectionIdSchema, path: v.optional(remotePathSchema) }),
    result: v.array(foundProjectSchema),
  },
} as const;

/** Notifications from a window to the engine. */
export const engineNotifications = {
  /** This window has the focus now: questions that nobody started go to it. */
  'client/focused': nothing,
  /** This window works on another machine, whose localhost is not this computer's: it is the last choice for a leader. */
  'client/isElsewhere': nothing,

  /** What was typed. */
  'terminals/input': v.strictObject({ terminalId: terminalIdSchema, text: v.string() }),
  'terminals/resize': v.strictObject({ terminalId: terminalIdSchema, size: terminalSizeSchema }),
  /** So many characters have been shown: as many more may come. */
  'terminals/shown': v.strictObject({ terminalId: terminalIdSchema, characters: v.number() }),
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
  /** Something is wrong for long enough. Sent to one window, once. */
  'alerts/raised': alertSchema,
  /** Those that have carried something since the last time. */
  'forwards/traffic': v.array(forwardTrafficSchema),
  /** All pulls that are under way. */
  'ollama/pulling': v.array(pullSchema),
  /** The models of a machine are others now: one was installed, deleted, loaded or unloaded. */
  'ollama/changed': byConnection,
  'ollama/chatPart': v.strictObject({ streamId: v.string(), part: chatPartSchema }),
  /** The containers or images of a machine are others now. */
  'containers/changed': byConnection,
  'containers/output': containerOutputSchema,
  /** All jobs: one was made, changed, has moved on or ended. */
  'jobs/changed': v.strictObject({ jobs: v.array(jobSchema) }),
  /** The log of a job has grown to so many bytes. */
  'jobs/logGrew': v.strictObject({ jobId: jobIdSchema, size: v.number() }),
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

  /** All transfers: those under way, and those that ended a moment ago or can be resumed. */
  'transfers/changed': v.strictObject({ transfers: v.array(transferSchema) }),
  /** To the window that opened the terminal. */
  'terminals/output': terminalOutputSchema,
  'terminals/ended': terminalEndSchema,
  /** All projects. */
  'projects/changed': v.strictObject({ projects: v.array(projectSchema) }),
} as const;
