import * as v from 'valibot';
import { connectionIdSchema, epochMsSchema } from './connection.js';
import { JOB_NOTICES, jobNoticeSchema } from './notify.js';

export const jobIdSchema = v.pipe(v.string(), v.regex(/^[A-Za-z0-9-]{1,64}$/, 'This is not the id of a job.'));

export const JOB_STATUSES = [
  'pending',
  'queued',
  'starting',
  'running',
  'stopping',
  'completed',
  'failed',
  'stopped',
  'lost',
] as const;
export const jobStatusSchema = v.picklist(JOB_STATUSES);
/** `pending`: saved and never started; `queued`: waits for its turn; `lost`: the machine was restarted under it. */
export type JobStatus = v.InferOutput<typeof jobStatusSchema>;

/** Something of it runs on the machine, or is about to. */
export function isActive(status: JobStatus): boolean {
  return status === 'starting' || status === 'running' || status === 'stopping';
}

/** What is named where one job is pointed at: printable, one line. */
const PRINTABLE = /^[^\p{Cc}\u2028\u2029]*$/u;
const MOST_ENTRIES = 100;
const MIB = 1024 * 1024;

const nameSchema = v.pipe(
  v.string(),
  v.trim(),
  v.nonEmpty('Give the job a name.'),
  v.maxLength(120, 'A name has at most 120 characters.'),
  v.regex(PRINTABLE, 'A name cannot contain line breaks or control characters.'),
);
const modelSchema = v.pipe(
  v.string(),
  v.trim(),
  v.maxLength(200, 'At most 200 characters.'),
  v.regex(PRINTABLE, 'A model cannot contain line breaks or control characters.'),
);
const noNul = v.regex(/^[^\0]*$/, 'It cannot contain a NUL character.');
const folderSchema = v.pipe(
  v.string(),
  v.trim(),
  v.maxLength(1000, 'At most 1000 characters.'),
  v.regex(/^(?:$|\/|~$|~\/)/, 'Begin with / or ~/; leave it empty for the home folder.'),
  v.regex(PRINTABLE, 'A folder cannot contain line breaks or control characters here.'),
);
const variableNameSchema = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'A variable is named with letters, digits and _ only.'),
  v.maxLength(100),
  // these steer the shell and the loader that start the job, or are the launcher's own
  v.check(name => !/^(?:IFS|PS4|ENV|BASH_ENV|SHELLOPTS|LD_PRELOAD|DGX_SPARK_.*)$/.test(name), 'This name is reserved.'),
);

const imageSchema = v.pipe(
  v.string(),
  v.trim(),
  v.nonEmpty('Name the image, such as nvcr.io/nvidia/pytorch:25.11-py3.'),
  v.maxLength(300),
  v.regex(/^[A-Za-z0-9][A-Za-z0-9._/:@-]*$/, 'This is not the name of an image.'),
);
const volumeSchema = v.pipe(
  v.string(),
  v.trim(),
  v.maxLength(1000),
  v.regex(PRINTABLE, 'A volume cannot contain line breaks or control characters.'),
  v.regex(/^[^:]+:\/[^:]*(?::[a-z,]+)?$/, 'Write a volume as /folder/here:/folder/inside, or with :ro behind it.'),
);
const publishSchema = v.pipe(
  v.string(),
  v.trim(),
  v.regex(/^(?:[0-9.]{7,15}:)?\d{1,5}:\d{1,5}$/, 'Write a port as 8888:8888.'),
);

const pidSchema = v.pipe(v.number(), v.integer(), v.minValue(2), v.maxValue(4_194_304));
const containerNameSchema = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z0-9][\w.-]{0,200}$/, 'This is not the name of a container.'),
);

export const runnerSchema = v.variant('kind', [
  v.strictObject({ kind: v.literal('process') }),
  v.strictObject({
    kind: v.literal('container'),
    image: imageSchema,
    volumes: v.optional(v.pipe(v.array(volumeSchema), v.maxLength(MOST_ENTRIES)), []),
    ports: v.optional(v.pipe(v.array(publishSchema), v.maxLength(MOST_ENTRIES)), []),
    shmSize: v.optional(v.pipe(v.string(), v.trim(), v.regex(/^(?:\d{1,6}[kmg]?)?$/i, 'Write a size as 16g.')), ''),
    ipcHost: v.optional(v.boolean(), true),
  }),
  /** Started by somebody else and watched from then on; `start` is field 22 of /proc/<pid>/stat, by which it is known again. */
  v.strictObject({
    kind: v.literal('adoptedProcess'),
    pid: pidSchema,
    start: v.pipe(v.string(), v.regex(/^\d{1,20}$/)),
  }),
  v.strictObject({ kind: v.literal('adoptedContainer'), container: containerNameSchema }),
]);
export type Runner = v.InferOutput<typeof runnerSchema>;

/** It was started by hand: it can be watched and stopped, but not started again from here. */
export function isAdopted({ config }: { readonly config: { readonly runner: Runner } }): boolean {
  return config.runner.kind === 'adoptedProcess' || config.runner.kind === 'adoptedContainer';
}

export const jobConfigSchema = v.strictObject({
  /** A line, or several, for the shell of the machine. */
  command: v.pipe(
    v.string(),
    v.check(text => text.trim() !== '', 'Say what to run.'),
    v.maxLength(32_768, 'A command has at most 32768 characters; put more into a script.'),
    noNul,
  ),
  /** Empty: the home folder. */
  folder: v.optional(folderSchema, ''),
  env: v.optional(v.record(variableNameSchema, v.pipe(v.string(), v.maxLength(8192), noNul)), {}),
  /** Names of variables whose values are in the keychain. */
  secrets: v.optional(v.pipe(v.array(variableNameSchema), v.maxLength(MOST_ENTRIES)), []),
  /** Which GPUs it sees: `all`, `none`, or indices separated by commas. */
  gpus: v.optional(
    v.pipe(
      v.string(),
      v.trim(),
      v.regex(/^(?:all|none|\d{1,2}(?:,\d{1,2})*)$/, 'Write all, none, or indices such as 0,1.'),
    ),
    'all',
  ),
  runner: v.optional(runnerSchema, { kind: 'process' }),
  /** Null: none. */
  timeLimitMinutes: v.optional(
    v.nullable(
      v.pipe(
        v.number('Write the minutes as a number.'),
        v.integer('Write whole minutes.'),
        v.minValue(1, 'At least one minute.'),
        v.maxValue(525_600, 'At most a year.'),
      ),
    ),
    null,
  ),
  /** What it will need of the machine's memory in GiB (shown as GB, as everywhere in the product), where the user knows; null: what its last run used counts. */
  memoryGib: v.optional(
    v.nullable(
      v.pipe(
        v.number('Write the size in GB as a number.'),
        v.minValue(0.1, 'At least 0.1 GB.'),
        v.maxValue(100_000, 'At most 100000 GB.'),
      ),
    ),
    null,
  ),
  /** The job that must have completed before this one starts. */
  after: v.optional(v.nullable(jobIdSchema), null),
  /** Who else is told of its end. */
  notify: v.optional(v.pipe(v.array(jobNoticeSchema), v.maxLength(JOB_NOTICES.length)), []),
});
export type JobConfig = v.InferOutput<typeof jobConfigSchema>;

const projectIdOfJobSchema = v.pipe(v.string(), v.nonEmpty(), v.maxLength(100));

/** What a user enters to make a job. */
export const jobInputSchema = v.strictObject({
  connectionId: connectionIdSchema,
  name: nameSchema,
  projectId: v.optional(v.nullable(projectIdOfJobSchema), null),
  modelName: v.optional(v.nullable(modelSchema), null),
  config: jobConfigSchema,
});
export type JobInput = v.InferInput<typeof jobInputSchema>;
export type JobData = v.InferOutput<typeof jobInputSchema>;

export const jobChangesSchema = v.partial(v.omit(jobInputSchema, ['connectionId']));
export type JobChanges = v.InferOutput<typeof jobChangesSchema>;

const figure = v.nullable(v.number());

export const jobMetricsSchema = v.object({
  step: figure,
  /** Steps of the whole run. */
  steps: figure,
  epoch: figure,
  loss: figure,
  learningRate: figure,
  evalLoss: figure,
  tokensPerSecond: figure,
  /** As the program itself reckons. */
  secondsLeft: figure,
});
/** The last that a job's log said of each. */
export type JobMetrics = v.InferOutput<typeof jobMetricsSchema>;

export const jobSchema = v.object({
  id: jobIdSchema,
  connectionId: connectionIdSchema,
  projectId: v.nullable(v.string()),
  name: v.string(),
  modelName: v.nullable(v.string()),
  status: jobStatusSchema,
  config: jobConfigSchema,
  metrics: v.nullable(jobMetricsSchema),
  containerId: v.nullable(v.string()),
  /** Times of the machine. */
  startedAt: v.nullable(epochMsSchema),
  completedAt: v.nullable(epochMsSchema),
  createdAt: epochMsSchema,
  /** Which start of it this is; 0 before the first. */
  run: v.number(),
  /** When it was put into the queue: the order there. */
  queuedAt: v.nullable(epochMsSchema),
  exitCode: v.nullable(v.number()),
  /** Why it is as it is, in a sentence: how it ended, or what it waits for. */
  reason: v.nullable(v.string()),
  /** Whether the end has been told to the user. */
  told: v.boolean(),
  /** Whether it has been sent to where its configuration says, or could not be. */
  sent: v.boolean(),
});
/** A training job. */
export type Job = v.InferOutput<typeof jobSchema>;

/** Most bytes of a log that one answer carries. */
export const LOG_CHUNK_BYTES = 256 * 1024;
/** Most secret of a job that is kept. */
export const MOST_SECRET_CHARACTERS = 64 * 1024;
/** So much of a log is read for its figures. */
export const MOST_LOG_READ_BYTES = 32 * MIB;

export const logChunkSchema = v.object({
  /** Base64. */
  data: v.string(),
  /** Where `data` begins. */
  offset: v.number(),
  /** Of the whole log now. */
  size: v.number(),
  /** Another number means another file: it was replaced or cut off. */
  generation: v.string(),
});
export type LogChunk = v.InferOutput<typeof logChunkSchema>;

export const jobPointSchema = v.object({
  step: figure,
  epoch: figure,
  loss: figure,
  learningRate: figure,
  evalLoss: figure,
  gradNorm: figure,
  tokensPerSecond: figure,
  /** When the line was written, as far as that is known: logs seldom say. */
  at: v.nullable(epochMsSchema),
});
/** One line of figures of a log. */
export type JobPoint = v.InferOutput<typeof jobPointSchema>;

export const adoptableSchema = v.variant('kind', [
  v.object({
    kind: v.literal('process'),
    pid: v.number(),
    start: v.string(),
    command: v.string(),
    /** Bytes of the machine's memory. */
    bytes: v.number(),
    /** Bytes on the GPU; null where it is not there. */
    gpuBytes: v.nullable(v.number()),
    seconds: v.number(),
  }),
  v.object({ kind: v.literal('container'), name: v.string(), image: v.string(), status: v.string() }),
]);
/** Something that runs on the machine and could become a job. */
export type Adoptable = v.InferOutput<typeof adoptableSchema>;

/** What is made a job: a program by its number, or a container by its name. */
export const adoptionSchema = v.union(
  [
    v.strictObject({ connectionId: connectionIdSchema, name: v.optional(nameSchema), pid: pidSchema }),
    v.strictObject({ connectionId: connectionIdSchema, name: v.optional(nameSchema), container: containerNameSchema }),
  ],
  'Name the connection, and the pid of a program or the name of a container.',
);
export type Adoption = v.InferInput<typeof adoptionSchema>;

const usageFigure = v.nullable(v.number());

export const jobUsageSchema = v.object({
  /** By the clock of the machine. */
  at: epochMsSchema,
  memAvailableKiB: usageFigure,
  gpus: v.array(
    v.object({
      /** Percent. */
      utilization: usageFigure,
      memoryUsedMiB: usageFigure,
      /** Celsius. */
      temperature: usageFigure,
      /** Watts. */
      power: usageFigure,
    }),
  ),
  /** Of the job's log at that moment. */
  logBytes: usageFigure,
});
/** What the launcher has recorded of the machine while a job ran, whoever was connected. */
export type JobUsage = v.InferOutput<typeof jobUsageSchema>;

export const memoryNeedSchema = v.object({
  bytes: v.nullable(v.number()),
  basis: v.picklist(['said', 'lastRun', 'unknown']),
});
/** What a job will need of memory, and how that is known. */
export type MemoryNeed = v.InferOutput<typeof memoryNeedSchema>;

/** Most jobs that are exported or compared at once. */
export const MOST_COMPARED = 6;

export const jobTemplateSchema = v.strictObject({ name: nameSchema, config: jobConfigSchema });
/** A configuration that jobs can be begun from. */
export type JobTemplate = v.InferOutput<typeof jobTemplateSchema>;

export { variableNameSchema };
