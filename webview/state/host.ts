import * as v from 'valibot';
import { authMethodSchema } from '../../src/shared/connection.js';
import { tabSchema } from '../../src/shared/panel.js';
import { projectStatusSchema } from '../../src/shared/projects.js';

/** What VS Code gives a webview to talk with; `acquireVsCodeApi` may be called once. */
export interface HostApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}

declare global {
  function acquireVsCodeApi(): HostApi;
}

export const draftSchema = v.object({
  /** The saved connection that is being edited; null for a new one. */
  connectionId: v.nullable(v.string()),
  name: v.string(),
  hostname: v.string(),
  username: v.string(),
  /** As typed. */
  port: v.string(),
  authMethod: authMethodSchema,
  sshKeyPath: v.string(),
  /** The `Host` of ssh_config that it follows. */
  sshConfigHost: v.nullable(v.string()),
  proxyJump: v.string(),
  /** One a line. */
  addresses: v.string(),
  /** Empty: the Spark itself. */
  ollamaHost: v.optional(v.string(), ''),
  /** As typed; empty: as the settings say. */
  ollamaPort: v.optional(v.string(), ''),
});
/** The connection form as the user left it. Holds no secret: passwords are never asked for in the page. */
export type Draft = v.InferOutput<typeof draftSchema>;

export const projectDraftSchema = v.object({
  /** The saved project that is being edited; null for a new one. */
  projectId: v.nullable(v.string()),
  connectionId: v.string(),
  name: v.string(),
  description: v.string(),
  projectType: v.string(),
  remotePath: v.string(),
  status: projectStatusSchema,
});
/** The project form as the user left it. */
export type ProjectDraft = v.InferOutput<typeof projectDraftSchema>;

export const jobDraftSchema = v.object({
  /** The saved job that is being edited; null for a new one. */
  jobId: v.nullable(v.string()),
  connectionId: v.string(),
  projectId: v.nullable(v.string()),
  name: v.string(),
  modelName: v.string(),
  command: v.string(),
  folder: v.string(),
  /** NAME=value, one a line. */
  env: v.string(),
  /** Names, separated by anything. */
  secrets: v.string(),
  gpus: v.string(),
  runner: v.picklist(['process', 'container']),
  image: v.string(),
  /** One a line. */
  volumes: v.string(),
  ports: v.string(),
  shmSize: v.string(),
  ipcHost: v.boolean(),
  mail: v.fallback(v.picklist(['no', 'yes']), 'no'),
  webhook: v.fallback(v.picklist(['no', 'editor', 'machine']), 'no'),
  timeLimit: v.string(),
  /** GiB as typed; empty: unknown. */
  memory: v.optional(v.string(), ''),
  /** Empty: none. */
  after: v.string(),
});
/** The job form as the user left it. Holds no secret, only their names. */
export type JobDraft = v.InferOutput<typeof jobDraftSchema>;

const rememberedSchema = v.object({
  tab: v.fallback(tabSchema, 'connection'),
  selectedId: v.fallback(v.nullable(v.string()), null),
  draft: v.fallback(v.nullable(draftSchema), null),
  projectDraft: v.fallback(v.nullable(projectDraftSchema), null),
  jobDraft: v.fallback(v.nullable(jobDraftSchema), null),
  jobId: v.fallback(v.nullable(v.string()), null),
});
/** What the page remembers by itself while it is closed or hidden; everything else comes from the engine. */
export type Remembered = v.InferOutput<typeof rememberedSchema>;

/** What was remembered; a state of another version, or none, reads as the start. */
export function recall(host: HostApi): Remembered {
  const read = v.safeParse(rememberedSchema, host.getState());
  return read.success
    ? read.output
    : { tab: 'connection', selectedId: null, draft: null, projectDraft: null, jobDraft: null, jobId: null };
}
