import { download, moveDropped, uploadDropped } from './commands/fileCommands.js';
import type { CommandServices, FileServices } from './commands/services.js';
import { together, type Disposable } from './emitter.js';
import type { BigFiles } from './files/bigFiles.js';
import type { SparkFileSystem } from './files/sparkFileSystem.js';
import { Transfers } from './files/transfers.js';
import type { ProjectList } from './projects/projectList.js';
import { FileDrop } from './views/fileDrop.js';
import { FileTree } from './views/fileTree.js';
import { ProjectTree } from './views/projectTree.js';

/** What must be there as soon as `activate` returns: the editor asks for restored files at once. */
export interface EarlyFileParts {
  readonly projects: ProjectList;
  readonly fileSystem: SparkFileSystem;
  readonly bigFiles: BigFiles;
}

/** Everything about files and projects, put together. */
export function createFileServices(
  services: CommandServices,
  { projects, fileSystem, bigFiles }: EarlyFileParts,
): { files: FileServices; held: Disposable } {
  const { client, remedies } = services;
  const transfers = new Transfers(client, () => {
    remedies.showLog();
  });
  bigFiles.download = ({ connectionId, path }) => void download(files, connectionId, [path]);
  const drop = new FileDrop({
    upload: async (to, paths) => {
      await uploadDropped(files, to, paths);
    },
    move: async (from, to) => {
      await moveDropped(files, from, to);
    },
  });
  const tree = new FileTree(client, drop);
  const files: FileServices = { ...services, projects, transfers, fileSystem, tree };
  return { files, held: together(transfers, tree, new ProjectTree(client, projects)) };
}
