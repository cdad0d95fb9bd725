import * as v from 'valibot';

export const findingSchema = v.object({
  /** What was looked at, the same in every report: `name`, `route`, `banner`, ... */
  step: v.string(),
  state: v.picklist(['ok', 'warning', 'problem', 'skipped']),
  /** In a few words. */
  title: v.string(),
  detail: v.optional(v.string()),
  /** What the user can do. */
  hint: v.optional(v.string()),
});
/** One thing that a diagnosis has looked at. */
export type Finding = v.InferOutput<typeof findingSchema>;

export const diagnosisSchema = v.object({
  findings: v.array(findingSchema),
  /** All of it as plain text, fit to be pasted somewhere; holds no secret. */
  report: v.string(),
});
/** What a diagnosis of a connection has found. */
export type Diagnosis = v.InferOutput<typeof diagnosisSchema>;
