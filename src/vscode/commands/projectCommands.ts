import * as vscode from 'vscode';
import type { FoundProject, Project } from '../../shared/projects.js';
import { projectChangesSchema, projectInputSchema } from '../../shared/projects.js';
import { COMMANDS, FOLDER_TARGETS, type FolderTarget } from '../contributionData.js';
import { registerCommand } from '../contributions.js';
import { withoutIcons, withoutLinks } from '../plainText.js';
import { configUri } from '../projects/configFileSystem.js';
import { asProjectRow } from '../views/projectRows.js';
import { checked, checkedId } from './arguments.js';
import { openFolder } from './folderCommands.js';
import { attempt } from './interactive.js';
import { checkedWord, isInteractive, namedProject, pickConnected, pickProject, projectOf } from './places.js';
import { withCancellableProgress } from './quietProgress.js';
import type { FileServices } from './services.js';

/** Create, edit, delete, duplicate, open and find projects, and edit their configurations. */
export function registerProjectCommands(services: FileServices): vscode.Disposable {
  const { client, panel, projects } = services;
  /** Runs a command that is about one project, in the form in which it was called. */
  const about = async <T>(
    first: unknown,
    title: string,
    work: (projectId: string, interactive: boolean) => Promise<T>,
  ): Promise<T | undefined> => {
    if (!isInteractive(first)) return await work(namedProject(first) ?? '', false);
    const projectId = asProjectRow(first)?.projectId ?? (await pickProject(services, projects, title));
    if (projectId === undefined) return undefined;
    const connectionId = projects.get(projectId)?.connectionId;
    return await attempt(services, connectionId, async () => await work(projectId, true));
  };
  return vscode.Disposable.from(
    registerCommand(COMMANDS.createProject, async first => {
      if (!isInteractive(first)) {
        const { id } = await client.request('projects/create', checked(projectInputSchema, first));
        await projects.reload();
        return id;
      }
      panel.openProjectForm(null);
      return undefined;
    }),

    registerCommand(COMMANDS.editProject, async (first, changes) => {
      await about(first, 'Edit Project', async (projectId, interactive) => {
        if (interactive || changes === undefined) {
          panel.openProjectForm(projectId);
          return;
        }
        await client.request('projects/update', { projectId, changes: checked(projectChangesSchema, changes) });
        await projects.reload();
      });
    }),

    registerCommand(COMMANDS.deleteProject, async first => {
      await about(first, 'Delete Project', async (projectId, interactive) => {
        if (interactive) await deleteProject(services, projectId);
        else await client.request('projects/delete', { projectId });
        await projects.reload();
      });
    }),

    registerCommand(
      COMMANDS.duplicateProject,
      async first =>
        await about(first, 'Duplicate Project', async (projectId, interactive) => {
          const { id } = await client.request('projects/duplicate', { projectId });
          await projects.reload();
          if (interactive) panel.openProjectForm(id);
          return id;
        }),
    ),

    registerCommand(COMMANDS.openProject, async (first, where) => {
      await about(first, 'Open Project', async (projectId, interactive) => {
        await openProject(
          services,
          projectId,
          interactive || where === undefined ? 'files' : checkedWord(FOLDER_TARGETS, where),
        );
      });
    }),

    registerCommand(COMMANDS.editProjectConfig, async first => {
      await about(first, 'Edit Project Configuration', async projectId => {
        await vscode.window.showTextDocument(configUri(await projectOf(client, projectId)), { preview: false });
      });
    }),

    registerCommand(COMMANDS.findProjects, async first => {
      if (!isInteractive(first)) return await client.request('projects/find', { connectionId: checkedId(first) });
      return await attempt(services, undefined, async () => {
        const connectionId = await pickConnected(services, 'Find Projects');
        if (connectionId === undefined) return undefined;
        return await findProjects(services, connectionId);
      });
    }),
  );
}

/** Opens the folder of a project. */
export async function openProject(services: FileServices, projectId: string, where: FolderTarget): Promise<void> {
  const { connectionId, remotePath, name } = await projectOf(services.client, projectId);
  await openFolder(services, { connectionId, path: remotePath, label: name }, where);
  await services.client.request('projects/touch', { projectId });
}

/** Deletes a project when the user confirms; false when they do not. */
export async function deleteProject({ client }: FileServices, projectId: string): Promise<boolean> {
  const { name, remotePath, jobs } = await projectOf(client, projectId);
  const button = 'Delete';
  const chosen = await vscode.window.showWarningMessage(
    withoutLinks(`Delete the project "${name}"?`),
    {
      modal: true,
      detail: withoutLinks([...jobWords(jobs), `The folder ${remotePath} on the Spark stays as it is.`].join(' ')),
    },
    button,
  );
  if (chosen !== button) return false;
  await client.request('projects/delete', { projectId });
  return true;
}

/** What becomes of the jobs of a project that is deleted. */
export function jobWords(jobs: Project['jobs']): string[] {
  if (jobs.length === 0) return [];
  const running = jobs.filter(({ status }) => status === 'running').length;
  const listed =
    jobs.length === 1
      ? 'Its job is deleted from the list here too.'
      : `Its ${jobs.length} jobs are deleted from the list here too.`;
  if (running === 0) return [listed];
  return [
    listed,
    `${running === 1 ? 'One is' : `${running} are`} running: it goes on on the Spark, and is no longer followed.`,
  ];
}

/** Looks for folders that look like projects, and makes projects of those that the user chooses. */
async function findProjects(services: FileServices, connectionId: string): Promise<FoundProject[] | undefined> {
  const { client, projects } = services;
  const name = client.connection(connectionId)?.name ?? 'the Spark';
  const found = await withCancellableProgress(
    `Looking for projects on ${name}`,
    async signal => await client.request('projects/find', { connectionId }, signal),
  );
  if (found.length === 0) {
    void vscode.window.showInformationMessage(
      withoutLinks(`No folder with a repository, a pyproject.toml or a compose file was found on ${name}.`),
    );
    return found;
  }
  const items = found.map(one => ({
    label: `$(folder) ${withoutIcons(one.name)}`,
    description: withoutIcons(one.signs.join(', ')),
    detail: withoutIcons(one.remotePath),
    found: one,
  }));
  const chosen = await vscode.window.showQuickPick(items, {
    title: withoutIcons(`Folders on ${name} That Look Like Projects`),
    placeHolder: 'Choose those to add as projects',
    canPickMany: true,
    matchOnDetail: true,
  });
  for (const { found: one } of chosen ?? [])
    await client.request('projects/create', {
      connectionId,
      name: plainName(one.name),
      remotePath: one.remotePath,
    });
  await projects.reload();
  return chosen?.map(one => one.found);
}

/** A folder's name as a name of ours, which is stricter. */
function plainName(name: string): string {
  const plain = Array.from(name.replace(/[\p{Cc}\p{Cf}]/gu, ''))
    .slice(0, 80)
    .join('')
    .trim();
  return plain === '' ? 'project' : plain;
}
