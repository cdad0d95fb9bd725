import { download, moveDropped, uploadDropped } from './commands/fileCommands.js';
import type { CommandServices, FileServices } from './commands/services.js';
import { together, type Disposable } from './emitter.js';
import { BigFiles } from './files/bigFiles.js';
import { SparkFileSystem } from './files/sparkFileSystem.js';
import { Transfers } from './files/transfers.js';
import { ConfigFileSystem } from './projects/configFileSystem.js';
import type { ProjectList } from './projects/projectList.js';
import { FileDrop } from './views/fileDrop.js';
import { FileTree } from './views/fileTree.js';
import { ProjectTree } from './views/projectTree.js';

/** Everything about files and projects, put together. */
export function createFileServices(
  services: CommandServices,
  projects: ProjectList,
): { files: FileServices; held: Disposable } {
  const { client, remedies } = services;
  const transfers = new Transfers(client, () => {
    remedies.showLog();
  });
  const fileSystem = new SparkFileSystem(
    client,
    new BigFiles(({ connectionId, path }) => void download(files, connectionId, [path])),
  );
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
  const held = together(
    transfers,
    fileSystem,
    tree,
    new ProjectTree(client, projects),
    new ConfigFileSystem(client, projects),
  );
  return { files, held };
}
