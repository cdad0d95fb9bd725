import * as v from 'valibot';
import { connectionIdSchema, epochMsSchema } from './connection.js';

export const ALERT_KINDS = ['temperature', 'utilization', 'memory', 'power', 'disk', 'unreachable', 'trouble'] as const;
export type AlertKind = (typeof ALERT_KINDS)[number];

export const alertSchema = v.object({
  id: v.string(),
  connectionId: connectionIdSchema,
  kind: v.picklist(ALERT_KINDS),
  severity: v.picklist(['info', 'warning', 'error']),
  message: v.string(),
  hint: v.optional(v.string()),
  raisedAt: epochMsSchema,
  /** Null while it goes on. */
  endedAt: v.nullable(epochMsSchema),
  /** No notification is shown for the same thing until then. */
  snoozedUntil: v.nullable(epochMsSchema),
});
/** Something that was wrong for long enough to be told. */
export type Alert = v.InferOutput<typeof alertSchema>;

/** More are not remembered. */
export const MOST_ALERTS = 200;

/** An alert with what was watched: by that it is found again when it goes on. */
export const keptAlertSchema = v.object({ ...alertSchema.entries, watched: v.string() });
export type KeptAlert = v.InferOutput<typeof keptAlertSchema>;

/** How long an alert can be put off. */
export const snoozeSchema = v.strictObject({
  alertId: v.string(),
  minutes: v.pipe(v.number(), v.minValue(1), v.maxValue(7 * 24 * 60)),
});
