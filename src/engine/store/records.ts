import * as v from 'valibot';
import { keptAlertSchema } from '../../shared/alerts.js';
import { forwardSchema } from '../../shared/forwards.js';
import { jobSchema } from '../../shared/jobs.js';
import { connectionIdSchema, connectionSchema, epochMsSchema } from '../../shared/connection.js';
import { projectIdSchema, projectSchema } from '../../shared/projects.js';

const reading = v.nullable(v.number());

const gpuRowSchema = v.object({
  gpu: v.number(),
  utilization: reading,
  memoryUsedMb: reading,
  memoryTotalMb: reading,
  temperatureC: reading,
  powerW: reading,
});

/** Journals of earlier versions lack what came later. */
const storedConnectionSchema = v.object({
  ...connectionSchema.entries,
  sshConfigHost: v.optional(v.nullable(v.string()), null),
  proxyJump: v.optional(v.nullable(v.string()), null),
  addresses: v.optional(v.array(v.string()), []),
  keyStored: v.optional(v.boolean(), false),
  lastAddress: v.optional(v.nullable(v.string()), null),
  ollamaHost: v.optional(v.nullable(v.string()), null),
  ollamaPort: v.optional(v.nullable(v.number()), null),
});

/** Journals of earlier versions say nothing of messages outside of the editor. */
const storedJobSchema = v.object({ ...jobSchema.entries, sent: v.optional(v.boolean(), true) });

/** A project as it is stored; its jobs have a table of their own. */
const storedProjectSchema = v.object({
  ...v.omit(projectSchema, ['jobs']).entries,
  config: v.nullable(v.string()),
});
export type StoredProject = v.InferOutput<typeof storedProjectSchema>;

/**
 * A change to the database as the journal holds it. Each says all it needs and can be applied to any state of the
 * database, so that what is left of a damaged journal, or one that meets an older backup, is still of use.
 */
export const changeRecordSchema = v.variant('type', [
  v.object({ type: v.literal('putConnection'), connection: storedConnectionSchema }),
  v.object({ type: v.literal('deleteConnection'), id: connectionIdSchema }),
  v.object({ type: v.literal('activateConnection'), id: connectionIdSchema }),
  v.object({ type: v.literal('putForward'), forward: forwardSchema }),
  v.object({ type: v.literal('deleteForward'), id: v.string() }),
  v.object({ type: v.literal('putJob'), job: storedJobSchema }),
  v.object({ type: v.literal('deleteJob'), id: v.string() }),
  v.object({ type: v.literal('putAlert'), alert: keptAlertSchema }),
  v.object({
    type: v.literal('metrics'),
    connectionId: connectionIdSchema,
    at: epochMsSchema,
    rows: v.array(gpuRowSchema),
  }),
  /** Metric rows before this time are gone. */
  v.object({ type: v.literal('deleteMetrics'), before: epochMsSchema }),
  v.object({ type: v.literal('putProject'), project: storedProjectSchema }),
  /** With its jobs. */
  v.object({ type: v.literal('deleteProject'), id: projectIdSchema }),
]);
export type ChangeRecord = v.InferOutput<typeof changeRecordSchema>;
export type MetricsRecord = Extract<ChangeRecord, { type: 'metrics' }>;
