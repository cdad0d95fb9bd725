import { attempt } from '../commands/interactive.js';
import { deleteProject, openProject } from '../commands/projectCommands.js';
import type { FileServices } from '../commands/services.js';
import { pickRemoteFolder } from '../files/folderPicker.js';
import type { PanelProjectActions } from './panelHost.js';

/** What the panel's page may ask of its window about projects. */
export function panelProjectActions(services: FileServices): PanelProjectActions {
  return {
    pickFolder: async (connectionId, path) => {
      const start = path === '' ? undefined : path;
      const pick = { title: 'Choose the Folder of the Project', start };
      const chosen = attempt(services, connectionId, async () => {
        // else the list would only say that there is none
        if (services.client.connection(connectionId)?.status.state !== 'connected')
          await services.client.request('files/home', { connectionId });
        return await pickRemoteFolder(services.client, connectionId, pick);
      });
      return (await chosen) ?? null;
    },
    remove: async projectId => {
      const connectionId = services.projects.get(projectId)?.connectionId;
      return (await attempt(services, connectionId, async () => await deleteProject(services, projectId))) ?? false;
    },
    open: async (projectId, where) => {
      const connectionId = services.projects.get(projectId)?.connectionId;
      await attempt(services, connectionId, async () => {
        await openProject(services, projectId, where);
      });
    },
  };
}
