import type { ProjectService } from '../projects/projectService.js';
import type { EngineHandlers } from './windows.js';

type Requests = Extract<keyof EngineHandlers, `projects/${string}`>;

/** What the engine does for requests about projects. */
export function projectHandlers(projects: ProjectService): Pick<EngineHandlers, Requests> {
  return {
    'projects/list': () => projects.list(),
    'projects/get': ({ projectId }) => projects.get(projectId),
    'projects/create': async data => await projects.create(data),
    'projects/update': async ({ projectId, changes }) => await projects.update(projectId, changes),
    'projects/delete': async ({ projectId }) => {
      await projects.delete(projectId);
      return null;
    },
    'projects/duplicate': async ({ projectId }) => await projects.duplicate(projectId),
    'projects/touch': async ({ projectId }) => {
      await projects.touch(projectId);
      return null;
    },
    'projects/getConfig': ({ projectId }) => projects.config(projectId),
    'projects/setConfig': async ({ projectId, text, basedOn }) => await projects.setConfig(projectId, text, basedOn),
    'projects/find': async ({ connectionId, path }, signal) => await projects.find(connectionId, path, signal),
  };
}
