import * as v from 'valibot';
import { connectionIdSchema, errorInfoSchema } from './connection.js';

/** Name or id of a container, as Docker takes them. It may not begin like an option. */
export const containerRefSchema = v.pipe(
  v.string(),
  v.maxLength(255, 'The name of a container has at most 255 characters.'),
  v.regex(/^[A-Za-z0-9][\w.-]*$/, 'Use the name or the id of a container.'),
);

/** Reference of an image: `nvcr.io/nvidia/pytorch:25.09-py3`, or its id. It may not begin like an option. */
export const imageRefSchema = v.pipe(
  v.string(),
  v.trim(),
  v.nonEmpty('Enter the name of an image.'),
  v.maxLength(512, 'The name of an image has at most 512 characters.'),
  v.regex(/^[A-Za-z0-9][\w.\-/:@]*$/, 'Use the name of an image, such as nvcr.io/nvidia/pytorch:25.09-py3.'),
);

/** A port of a container that the machine has published. */
export const publishedPortSchema = v.object({
  /** Where the machine listens: "0.0.0.0", "127.0.0.1", "::", ... */
  host: v.string(),
  hostPort: v.number(),
  containerPort: v.number(),
  protocol: v.string(),
});
export type PublishedPort = v.InferOutput<typeof publishedPortSchema>;

export const containerSchema = v.object({
  id: v.string(),
  name: v.string(),
  image: v.string(),
  /** Docker's word: "created", "running", "paused", "restarting", "removing", "exited", "dead". */
  state: v.string(),
  /** For people: "Up 2 hours (healthy)", "Exited (137) 5 minutes ago". */
  status: v.string(),
  ports: v.array(publishedPortSchema),
});
export type Container = v.InferOutput<typeof containerSchema>;

/** Docker on one machine, and its containers. */
export const containerListSchema = v.object({
  connectionId: connectionIdSchema,
  /** `denied`: it runs, but this user may not ask it. `failed`: it answered with something else. */
  state: v.picklist(['up', 'missing', 'stopped', 'denied', 'failed']),
  containers: v.array(containerSchema),
  /** Why it is not `up`. */
  error: v.optional(errorInfoSchema),
  /** What helps, to be run on the machine by its user. Never run by itself. */
  remedy: v.optional(v.string()),
});
export type ContainerList = v.InferOutput<typeof containerListSchema>;

/** What a running container uses. What is not known is null. */
export const containerUsageSchema = v.object({
  id: v.string(),
  cpuPercent: v.nullable(v.number()),
  memoryBytes: v.nullable(v.number()),
  /** Of the GPUs, by its processes. */
  gpuBytes: v.nullable(v.number()),
  gpuProcesses: v.number(),
});
export type ContainerUsage = v.InferOutput<typeof containerUsageSchema>;

export const containerActionSchema = v.picklist(['start', 'stop', 'restart', 'pause', 'unpause', 'remove']);
export type ContainerAction = v.InferOutput<typeof containerActionSchema>;

export const imageSchema = v.object({
  id: v.string(),
  /** Null for one that has lost its name. */
  name: v.nullable(v.string()),
  /** As Docker says it: "12.3GB". */
  size: v.string(),
  /** "3 weeks ago". */
  created: v.string(),
});
export type Image = v.InferOutput<typeof imageSchema>;

const port = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535));
const line = (most: number) =>
  v.pipe(
    v.string(),
    v.maxLength(most),
    v.check(text => !text.includes('\0')),
  );

/** What a container is made from. */
export const containerRunSchema = v.strictObject({
  image: imageRefSchema,
  name: v.optional(containerRefSchema),
  /** All GPUs. */
  gpus: v.optional(v.boolean(), true),
  /** Shared memory of the machine, as PyTorch's data loaders want it. */
  ipcHost: v.optional(v.boolean(), true),
  /** Such as "16g"; counts only without `ipcHost`. */
  shmSize: v.optional(v.pipe(v.string(), v.regex(/^\d{1,6}[bkmg]?$/i, 'Use a size, such as 16g.'))),
  /** Published on the machine's own loopback address only: others reach it through a forward. */
  ports: v.optional(v.pipe(v.array(v.strictObject({ host: port, container: port })), v.maxLength(64)), []),
  volumes: v.optional(
    v.pipe(
      v.array(
        v.strictObject({
          source: v.pipe(line(4096), v.regex(/^\/[^:]*$/, 'Use a whole path of the Spark, such as /home/me/data.')),
          target: v.pipe(line(4096), v.regex(/^\/[^:]*$/, 'Use a whole path in the container, such as /workspace.')),
        }),
      ),
      v.maxLength(64),
    ),
    [],
  ),
  /** Program and arguments; the image's own where there are none. */
  command: v.optional(v.pipe(v.array(line(32_768)), v.maxLength(256)), []),
});
export type ContainerRun = v.InferInput<typeof containerRunSchema>;
export type ContainerRunData = v.InferOutput<typeof containerRunSchema>;

/** Chosen by the caller: what is printed meanwhile carries it. */
export const outputStreamSchema = v.pipe(v.string(), v.maxLength(100));
/** A piece of what a followed program prints; untrusted. */
export const containerOutputSchema = v.strictObject({ streamId: v.string(), text: v.string() });
