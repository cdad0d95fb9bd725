import * as v from 'valibot';
import { connectionIdSchema } from './connection.js';
import {
  adoptableSchema,
  adoptionSchema,
  jobChangesSchema,
  jobIdSchema,
  jobInputSchema,
  jobPointSchema,
  jobSchema,
  jobUsageSchema,
  LOG_CHUNK_BYTES,
  logChunkSchema,
  memoryNeedSchema,
  MOST_SECRET_CHARACTERS,
  variableNameSchema,
} from './jobs.js';

const byJob = v.strictObject({ jobId: jobIdSchema });
const none = v.null();

/** What a window may ask of the engine about training jobs. */
export const jobRequests = {
  /** All jobs, newest first; of one project or connection where it is named. */
  'jobs/list': {
    params: v.strictObject({ connectionId: v.optional(connectionIdSchema), projectId: v.optional(v.string()) }),
    result: v.array(jobSchema),
  },
  'jobs/get': { params: byJob, result: jobSchema },
  'jobs/create': { params: jobInputSchema, result: jobSchema },
  /** Not while it runs. */
  'jobs/update': { params: v.strictObject({ jobId: jobIdSchema, changes: jobChangesSchema }), result: jobSchema },
  /**
   * Starts it, or puts it into the queue of its connection. One that runs or waits already is left as it is. Rejects with `secretMissing` where a
   * secret has no value yet.
   */
  'jobs/start': { params: byJob, result: jobSchema },
  /** Ends it with everything it started, or takes it from the queue. Resolves when that was asked for, not when it has ended. */
  /** What it will need of memory: as the user said, else what its last run used. */
  'jobs/memoryNeed': { params: byJob, result: memoryNeedSchema },
  'jobs/stop': { params: byJob, result: jobSchema },
  /** Not while it runs. With `remoteFiles` its folder on the machine goes too. */
  'jobs/delete': {
    params: v.strictObject({ jobId: jobIdSchema, remoteFiles: v.optional(v.boolean(), false) }),
    result: none,
  },
  /** What runs on a machine and could become a job: programs of the user, those on the GPU first, and containers. */
  'jobs/adoptable': { params: v.strictObject({ connectionId: connectionIdSchema }), result: v.array(adoptableSchema) },
  /** Makes a job of something that was started by hand, and follows it from now on. */
  'jobs/adopt': { params: adoptionSchema, result: jobSchema },
  'jobs/duplicate': { params: byJob, result: jobSchema },
  /** Its end has been shown to the user; true for the one who was first to say so. */
  'jobs/markTold': { params: byJob, result: v.boolean() },
  /** Names of the secrets that have no value in the keychain. */
  'jobs/missingSecrets': { params: byJob, result: v.array(v.string()) },
  'jobs/setSecret': {
    params: v.strictObject({
      name: variableNameSchema,
      value: v.pipe(v.string(), v.nonEmpty(), v.maxLength(MOST_SECRET_CHARACTERS)),
    }),
    result: none,
  },
  /** A piece of a log; without an offset the last one. */
  'jobs/readLog': {
    params: v.strictObject({
      jobId: jobIdSchema,
      offset: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
      length: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(LOG_CHUNK_BYTES)), LOG_CHUNK_BYTES),
    }),
    result: logChunkSchema,
  },
  /** The figures that its log has told so far, oldest first, thinned where there are very many. */
  'jobs/points': { params: byJob, result: v.array(jobPointSchema) },
  /** What was recorded of the machine while it ran, oldest first. */
  'jobs/usage': { params: byJob, result: v.array(jobUsageSchema) },
} as const;
