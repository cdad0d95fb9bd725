import * as v from 'valibot';
import { engineRequests, snapshotSchema } from './contract.js';
import { connectionIdSchema } from './connection.js';
import { jobIdSchema, jobSchema, jobTemplateSchema, MOST_COMPARED } from './jobs.js';
import { sampleSchema } from './metrics.js';
import { targetSchema } from './ollama.js';
import { remotePathSchema } from './files.js';
import { projectIdSchema, projectSchema } from './projects.js';

export const TABS = ['connection', 'metrics', 'projects', 'jobs'] as const;
export const tabSchema = v.picklist(TABS);
/** A tab of the panel. */
export type Tab = v.InferOutput<typeof tabSchema>;

export const paletteSchema = v.picklist(['theme', 'dgx']);
export type Palette = v.InferOutput<typeof paletteSchema>;

const knownOfNewSchema = v.strictObject({ name: v.string(), hostname: v.string(), port: v.number() });
/** What is known of a connection that is about to be added: the form begins with it. */
export type KnownOfNew = v.InferOutput<typeof knownOfNewSchema>;

/** Where the folder of a project is opened. */
export const projectTargetSchema = v.picklist(['files', 'remote', 'terminal']);
export type ProjectTarget = v.InferOutput<typeof projectTargetSchema>;

const nothing = v.strictObject({});
const none = v.null();

export const panelStateSchema = v.object({
  snapshot: snapshotSchema,
  palette: paletteSchema,
  /** Which Ollama tools use, as chosen. */
  target: targetSchema,
  /** False while no engine answers: what is shown is the last that was known. */
  engineUp: v.boolean(),
  /** All projects, the one that something was last done with first. */
  projects: v.array(projectSchema),
  /** Whether a folder can be opened in a window over SSH. */
  hasRemoteSsh: v.boolean(),
  /** All training jobs, newest first. */
  jobs: v.array(jobSchema),
  templates: v.array(jobTemplateSchema),
});
/** Everything the panel needs to draw itself from nothing. */
export type PanelState = v.InferOutput<typeof panelStateSchema>;

/**
 * Requests that the panel may send to its window; anything else is refused. Those named like a request of the
 * engine are handed on to it, the others are answered by the window.
 */
export const panelRequests = {
  /** The page is ready and wants everything. */
  'panel/ready': { params: nothing, result: v.object({ state: panelStateSchema, tab: v.nullable(tabSchema) }) },
  /** Opens the editor's file dialog; null when the user closes it. */
  'panel/pickKeyFile': { params: nothing, result: v.nullable(v.string()) },
  /** Asks the user, then deletes; false when the user thought better of it. */
  'panel/deleteConnection': { params: v.strictObject({ connectionId: connectionIdSchema }), result: v.boolean() },
  'panel/copyEndpoint': { params: nothing, result: none },
  'panel/selectTarget': { params: v.strictObject({ target: targetSchema }), result: none },
  'panel/showLog': { params: nothing, result: none },
  /** Lets the user choose hosts of ssh_config to save. */
  'panel/importSshConfig': { params: nothing, result: none },
  /** Looks for machines on the network and lets the user choose one. */
  'panel/discover': { params: nothing, result: none },
  /** Opens known_hosts at the line that the error of a connection is about. */
  'panel/openKnownHosts': { params: v.strictObject({ connectionId: connectionIdSchema }), result: none },
  /** Lets the user walk through the folders of a machine that is connected; null when they close that. */
  'panel/pickRemoteFolder': {
    params: v.strictObject({
      connectionId: connectionIdSchema,
      /** Folder to begin in; the home folder where it is empty. */
      path: v.union([v.literal(''), remotePathSchema]),
    }),
    result: v.nullable(v.string()),
  },
  'panel/openProject': {
    params: v.strictObject({ projectId: projectIdSchema, where: projectTargetSchema }),
    result: none,
  },
  /** Asks the user, then deletes; false when the user thought better of it. */
  'panel/deleteProject': { params: v.strictObject({ projectId: projectIdSchema }), result: v.boolean() },
  /** Opens the configuration in an editor. */
  'panel/editProjectConfig': { params: v.strictObject({ projectId: projectIdSchema }), result: none },
  /** Looks for folders that look like projects and lets the user choose among them. */
  'panel/findProjects': { params: nothing, result: none },
  'projects/create': engineRequests['projects/create'],
  'projects/update': engineRequests['projects/update'],
  'projects/duplicate': engineRequests['projects/duplicate'],
  'projects/getConfig': engineRequests['projects/getConfig'],
  'connections/create': engineRequests['connections/create'],
  'connections/update': engineRequests['connections/update'],
  'connections/connect': engineRequests['connections/connect'],
  'connections/disconnect': engineRequests['connections/disconnect'],
  'connections/setActive': engineRequests['connections/setActive'],
  /** Starts a job, and asks for secrets that it lacks; false when the user thought better of it. */
  'panel/startJob': { params: v.strictObject({ jobId: jobIdSchema }), result: v.boolean() },
  /** Asks the user, then deletes; false when the user thought better of it. */
  'panel/deleteJob': { params: v.strictObject({ jobId: jobIdSchema }), result: v.boolean() },
  /** Asks what to call it, then keeps a configuration for the next jobs. */
  'panel/saveTemplate': { params: jobTemplateSchema, result: none },
  /** Asks where to, then writes the curves of jobs as CSV. */
  'panel/exportPoints': {
    params: v.strictObject({ jobIds: v.pipe(v.array(jobIdSchema), v.minLength(1), v.maxLength(MOST_COMPARED)) }),
    result: none,
  },
  /** Opens the plain log as an editor, or asks where to and saves it there. */
  'panel/takeLog': {
    params: v.strictObject({ jobId: jobIdSchema, how: v.picklist(['open', 'save']) }),
    result: none,
  },
  'jobs/create': engineRequests['jobs/create'],
  'jobs/update': engineRequests['jobs/update'],
  'jobs/stop': engineRequests['jobs/stop'],
  'jobs/duplicate': engineRequests['jobs/duplicate'],
  'jobs/readLog': engineRequests['jobs/readLog'],
  'jobs/points': engineRequests['jobs/points'],
  'jobs/usage': engineRequests['jobs/usage'],
  'metrics/recent': engineRequests['metrics/recent'],
  'alerts/list': engineRequests['alerts/list'],
  'metrics/details': engineRequests['metrics/details'],
  'metrics/series': engineRequests['metrics/series'],
  /** Asks the user, then ends a process; false when the user thought better of it, or was shown why it failed. */
  'panel/endProcess': {
    params: v.strictObject({ ...engineRequests['metrics/endProcess'].params.entries, name: v.string() }),
    result: v.boolean(),
  },
  /** Asks where to, then writes a CSV file of a range. */
  'panel/exportMetrics': {
    params: v.strictObject({
      connectionId: connectionIdSchema,
      hours: v.pipe(v.number(), v.minValue(0), v.maxValue(24 * 3650)),
    }),
    result: none,
  },
  'ollama/health': engineRequests['ollama/health'],
} as const;

/** Notifications from the window to the panel. Each is a whole state: a hidden page may miss some. */
export const panelNotifications = {
  'panel/state': panelStateSchema,
  'panel/showTab': v.strictObject({ tab: tabSchema }),
  /** Opens the form, empty or for a saved connection; `found` is what is known of a new one already. */
  'panel/showForm': v.strictObject({
    connectionId: v.nullable(connectionIdSchema),
    found: v.optional(knownOfNewSchema),
  }),
  /** Opens the form of a project, empty or for a saved one. */
  'panel/showProjectForm': v.strictObject({ projectId: v.nullable(projectIdSchema) }),
  /** Shows a job, or the form for one (empty where there is no id). */
  'panel/showJob': v.strictObject({ view: v.picklist(['job', 'form']), jobId: v.nullable(jobIdSchema) }),
  'jobs/logGrew': v.strictObject({ jobId: jobIdSchema, size: v.number() }),
  'metrics/sampled': sampleSchema,
} as const;
