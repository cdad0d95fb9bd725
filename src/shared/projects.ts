import * as v from 'valibot';
import { connectionIdSchema, epochMsSchema, nameSchema } from './connection.js';
import { remotePathSchema } from './files.js';
import { jobStatusSchema } from './jobs.js';
import { MOST_CONFIG_TEXT, readConfig } from './projectConfig.js';

export const projectIdSchema = v.pipe(v.string(), v.nonEmpty(), v.maxLength(100));

export const PROJECT_STATUSES = ['active', 'paused', 'archived', 'done'] as const;
export const projectStatusSchema = v.picklist(PROJECT_STATUSES);
export type ProjectStatus = v.InferOutput<typeof projectStatusSchema>;

/** What the form offers; any other word may stand there too. */
export const PROJECT_TYPES = ['Training', 'Fine-tuning', 'Inference', 'Data', 'Notebooks', 'Other'] as const;

const descriptionSchema = v.pipe(
  v.string(),
  v.trim(),
  v.maxLength(2000, 'A description has at most 2000 characters.'),
  v.regex(/^[\n\t\P{Cc}]*$/u, 'A description cannot contain control characters.'),
);
const typeSchema = v.pipe(
  v.string(),
  v.trim(),
  v.maxLength(40, 'A type has at most 40 characters.'),
  v.regex(/^[^\p{Cc}\p{Cf}]*$/u, 'A type cannot contain control characters.'),
);

/** A configuration as it is stored: the text as the user wrote it. An object is written down as one. */
export const configTextSchema = v.pipe(
  v.union([v.pipe(v.string(), v.maxLength(MOST_CONFIG_TEXT)), v.record(v.string(), v.unknown())]),
  v.transform(given => (typeof given === 'string' ? given : `${JSON.stringify(given, null, 2)}\n`)),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    const read = readConfig(dataset.value);
    if ('problem' in read) addIssue({ message: read.problem });
  }),
);

const fields = {
  name: nameSchema,
  description: v.nullable(descriptionSchema),
  projectType: v.nullable(typeSchema),
  remotePath: v.pipe(v.string(), v.trim(), remotePathSchema),
  status: projectStatusSchema,
};

/** What a user enters to make a project. */
export const projectInputSchema = v.strictObject({
  connectionId: connectionIdSchema,
  name: fields.name,
  description: v.optional(fields.description, null),
  projectType: v.optional(fields.projectType, null),
  remotePath: fields.remotePath,
  status: v.optional(fields.status, 'active'),
  config: v.optional(v.nullable(configTextSchema), null),
});
export type ProjectInput = v.InferInput<typeof projectInputSchema>;
export type ProjectData = v.InferOutput<typeof projectInputSchema>;

/** A change to a project: the fields that are given replace the saved ones. */
export const projectChangesSchema = v.partial(v.strictObject(fields));
export type ProjectChanges = v.InferOutput<typeof projectChangesSchema>;

export const projectJobSchema = v.object({ id: v.string(), name: v.string(), status: jobStatusSchema });

export const projectSchema = v.object({
  id: projectIdSchema,
  connectionId: connectionIdSchema,
  name: v.string(),
  description: v.nullable(v.string()),
  projectType: v.nullable(v.string()),
  /** As entered: absolute, or beginning with `~`. */
  remotePath: v.string(),
  status: projectStatusSchema,
  /** Raised with each change of the configuration. */
  configRevision: v.number(),
  /** When something was last done with it. */
  lastActivityAt: epochMsSchema,
  createdAt: epochMsSchema,
  updatedAt: epochMsSchema,
  /** Its training jobs, newest first. */
  jobs: v.array(projectJobSchema),
});
/** A project: a folder on a Spark, with what is known about it. Its configuration is asked for by itself. */
export type Project = v.InferOutput<typeof projectSchema>;

export const projectConfigStateSchema = v.object({ text: v.string(), revision: v.number() });

export const foundProjectSchema = v.object({
  /** Of the folder. */
  name: v.string(),
  remotePath: v.string(),
  /** What makes it look like a project: `.git`, `pyproject.toml`, ... */
  signs: v.array(v.string()),
});
/** A folder on a Spark that looks like a project and is none yet. */
export type FoundProject = v.InferOutput<typeof foundProjectSchema>;
