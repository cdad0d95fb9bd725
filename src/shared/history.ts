import * as v from 'valibot';
import { connectionIdSchema, epochMsSchema } from './connection.js';

const reading = v.nullable(v.number());
const line = v.array(reading);

/** What is kept of each GPU over time. */
export const HISTORY_METRICS = ['utilization', 'memoryUsedMb', 'temperatureC', 'powerW'] as const;
export type HistoryMetric = (typeof HISTORY_METRICS)[number];

/** More points than this no chart is wide enough for. */
export const MAX_SERIES_POINTS = 2000;

export const seriesQuerySchema = v.strictObject({
  connectionId: connectionIdSchema,
  gpuIndex: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(1023)),
  from: epochMsSchema,
  to: epochMsSchema,
  /** About how many points are wanted at most. */
  points: v.pipe(v.number(), v.integer(), v.minValue(2), v.maxValue(MAX_SERIES_POINTS)),
});
export type SeriesQuery = v.InferOutput<typeof seriesQuerySchema>;

/** One metric over time; each array has an entry for every time of the series. */
const bandSchema = v.object({ mean: line, min: line, max: line });
export type Band = v.InferOutput<typeof bandSchema>;

export const seriesSchema = v.object({
  /** Distance of two points of which none is missing between; twice as much is a gap. */
  stepMs: v.number(),
  /** Starts of the intervals, ascending; an interval of which nothing is known is left out. */
  at: v.array(epochMsSchema),
  utilization: bandSchema,
  memoryUsedMb: bandSchema,
  temperatureC: bandSchema,
  powerW: bandSchema,
  /** The largest total that was reported. */
  memoryTotalMb: reading,
});
/** The history of one GPU. */
export type Series = v.InferOutput<typeof seriesSchema>;

/** How fine the rows of an export are; `auto`: as fine as is still kept of all of the range. */
export const RESOLUTIONS = ['auto', 'raw', 'minute', 'quarterHour'] as const;
export type ExportResolution = (typeof RESOLUTIONS)[number];

/** Columns of an export beside time and GPU. */
export const EXPORT_COLUMNS = ['utilization', 'memoryUsedMb', 'memoryTotalMb', 'temperatureC', 'powerW'] as const;
export type ExportColumn = (typeof EXPORT_COLUMNS)[number];

export const exportQuerySchema = v.strictObject({
  connectionId: connectionIdSchema,
  from: epochMsSchema,
  to: epochMsSchema,
  /** Left out: all. */
  gpus: v.optional(v.array(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(1023)))),
  columns: v.optional(v.array(v.picklist(EXPORT_COLUMNS))),
  resolution: v.optional(v.picklist(RESOLUTIONS), 'auto'),
  /** Absolute path of the file that is written; one that is there is replaced when the new one is whole. */
  file: v.pipe(v.string(), v.minLength(1), v.maxLength(4096)),
});
export type ExportQuery = v.InferOutput<typeof exportQuerySchema>;
