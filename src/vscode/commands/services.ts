import type { PanelController } from '../panel/panelController.js';
import type { EngineClient } from '../engineClient.js';
import type { ErrorRemedies } from '../errorNotice.js';
import type { ModelBook } from '../models/modelBook.js';
import type { Prompts } from '../prompts.js';

/** What commands work with. */
export interface CommandServices {
  readonly client: EngineClient;
  readonly panel: Pick<PanelController, 'open' | 'openForm'>;
  readonly models: ModelBook;
  readonly prompts: Prompts;
  readonly remedies: ErrorRemedies;
}
