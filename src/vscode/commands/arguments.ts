import * as v from 'valibot';
import { connectionIdSchema } from '../../shared/connection.js';
import { invalidInput } from '../../shared/peer.js';
import { asRow, type Row } from '../views/connectionRows.js';

/**
 * How a command was called. `interactive`: from the palette, a button or a row (`row` is the row that was meant, or in
 * a view's title the one that happens to be selected): it may ask, and shows its errors. `argument`: by a program,
 * with arguments: it asks nothing and throws.
 */
export type Call = { readonly form: 'interactive'; readonly row: Row | undefined } | { readonly form: 'argument' };

/** Tells the two forms apart by the first argument. */
export function readCall(first: unknown): Call {
  const row = asRow(first);
  return first === undefined || first === null || row ? { form: 'interactive', row } : { form: 'argument' };
}

/** An argument, checked. Throws `invalidInput` with the schema's own sentence. */
export function checked<T extends v.GenericSchema>(schema: T, argument: unknown): v.InferOutput<T> {
  const result = v.safeParse(schema, argument);
  if (!result.success) throw invalidInput(result.issues);
  return result.output;
}

/** A connection id, checked for its form only; whether there is one, the engine says. */
export function checkedId(argument: unknown): string {
  return checked(connectionIdSchema, argument);
}
