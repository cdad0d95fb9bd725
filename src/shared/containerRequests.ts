import * as v from 'valibot';
import { connectionIdSchema } from './connection.js';
import {
  containerActionSchema,
  containerListSchema,
  containerRefSchema,
  containerRunSchema,
  containerUsageSchema,
  imageRefSchema,
  imageSchema,
  outputStreamSchema,
} from './containers.js';

const byConnection = v.strictObject({ connectionId: connectionIdSchema });
const byContainer = v.strictObject({ connectionId: connectionIdSchema, container: containerRefSchema });
const byImage = v.strictObject({ connectionId: connectionIdSchema, image: imageRefSchema });
const none = v.null();

/** What a window may ask of the engine about containers and images. */
export const containerRequests = {
  /** The containers of a machine, running or not; where Docker does not answer, why. */
  'containers/list': { params: byConnection, result: containerListSchema },
  /** What the running ones use. Docker measures for a second or two. */
  'containers/usage': { params: byConnection, result: v.array(containerUsageSchema) },
  /** `remove` takes a running container away, too. */
  'containers/act': {
    params: v.strictObject({ ...byContainer.entries, action: containerActionSchema }),
    result: none,
  },
  /** Everything that Docker knows of a container, as JSON text. */
  'containers/inspect': { params: byContainer, result: v.string() },
  /** Follows the log as notifications to the window that asks; resolves when the container has ended. */
  'containers/followLogs': {
    params: v.strictObject({
      ...byContainer.entries,
      streamId: outputStreamSchema,
      /** Lines of the past. */
      tail: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(100_000)),
    }),
    result: none,
  },
  /** Makes and starts a container; answers its id. The image must be there. */
  'containers/run': {
    params: v.strictObject({ connectionId: connectionIdSchema, run: containerRunSchema }),
    result: v.object({ containerId: v.string() }),
  },
  'containers/images': { params: byConnection, result: v.array(imageSchema) },
  /** Progress comes as notifications to the window that asks; cancelling the request ends the pull. */
  'containers/pull': {
    params: v.strictObject({ ...byImage.entries, streamId: outputStreamSchema }),
    result: none,
  },
  'containers/removeImage': { params: byImage, result: none },
  /** Deletes images that have lost their names and that no container uses; answers how much is free again, in words; nothing where there was none. */
  'containers/pruneImages': { params: byConnection, result: v.string() },
} as const;
