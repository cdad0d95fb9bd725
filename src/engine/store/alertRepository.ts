import * as v from 'valibot';
import { keptAlertSchema } from '../../shared/alerts.js';
import type { Database } from './database.js';
import type { AlertRepository } from './types.js';
import type { Writer } from './writer.js';

/** Past alerts in `dgx_alerts`, changed through the writer only. */
export function createAlertRepository(database: Database, writer: Writer): AlertRepository {
  return {
    list: () =>
      database.all('SELECT details FROM dgx_alerts ORDER BY raised_at DESC, rowid DESC').flatMap(([details]) => {
        const checked = v.safeParse(keptAlertSchema, parsed(details));
        return checked.success ? [checked.output] : [];
      }),
    note: alert => writer.change(() => ({ type: 'putAlert', alert }), { applyAnyway: true }),
  };
}

function parsed(details: unknown): unknown {
  try {
    return typeof details === 'string' ? JSON.parse(details) : undefined;
  } catch {
    return undefined;
  }
}
