import * as v from 'valibot';
import { runIdSchema, type CellDetail, type RowView, type RunView } from './chains.js';

/** Rows that the page of results shows at a time. */
export const ROWS_PER_PAGE = 50;

const countSchema = v.pipe(v.number(), v.integer(), v.minValue(0));

/** What the page of results asks its window for. */
export const resultsRequestSchema = v.variant('kind', [
  v.strictObject({
    kind: v.literal('show'),
    /** Null: the newest. */
    runId: v.nullable(runIdSchema),
    /** The run that it is compared with. */
    otherId: v.nullable(runIdSchema),
    from: countSchema,
  }),
  v.strictObject({ kind: v.literal('cell'), runId: runIdSchema, row: countSchema, step: v.string() }),
  v.strictObject({ kind: v.picklist(['cancel', 'continue', 'export']), runId: runIdSchema }),
]);
export type ResultsRequest = v.InferOutput<typeof resultsRequestSchema>;

/** A run with the rows that are shown of it. */
export interface ShownRun {
  readonly run: RunView;
  readonly rows: readonly RowView[];
}

/** What the window tells the page of results. */
export type ResultsMessage =
  | {
      readonly kind: 'table';
      /** For the editor, which restores the page from it. */
      readonly path: string;
      readonly runs: readonly RunView[];
      readonly from: number;
      readonly shown: ShownRun | null;
      readonly other: ShownRun | null;
    }
  | { readonly kind: 'cell'; readonly detail: CellDetail }
  | { readonly kind: 'problem'; readonly message: string };
