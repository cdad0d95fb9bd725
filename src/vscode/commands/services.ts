import type { PanelController } from '../panel/panelController.js';
import type { EngineClient } from '../engineClient.js';
import type { ErrorRemedies } from '../errorNotice.js';
import type { JobList } from '../jobs/jobList.js';
import type { ModelBook } from '../models/modelBook.js';
import type { SparkFileSystem } from '../files/sparkFileSystem.js';
import type { Transfers } from '../files/transfers.js';
import type { ProjectList } from '../projects/projectList.js';
import type { Prompts } from '../prompts.js';
import type { FileTree } from '../views/fileTree.js';

/** What commands work with. */
export interface CommandServices {
  readonly client: EngineClient;
  readonly models: ModelBook;
  readonly panel: Pick<PanelController, 'open' | 'openForm' | 'openProjectForm' | 'openJob'>;
  readonly jobs: JobList;
  readonly prompts: Prompts;
  readonly remedies: ErrorRemedies;
}

/** What commands about files and projects work with beside that. */
export interface FileServices extends CommandServices {
  readonly projects: ProjectList;
  readonly transfers: Transfers;
  readonly fileSystem: SparkFileSystem;
  readonly tree: FileTree;
}
