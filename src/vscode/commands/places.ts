import * as v from 'valibot';
import * as vscode from 'vscode';
import { connectionIdSchema } from '../../shared/connection.js';
import { SparkError } from '../../shared/errors.js';
import { remotePathSchema } from '../../shared/files.js';
import { projectIdSchema, type Project } from '../../shared/projects.js';
import type { EngineClient } from '../engineClient.js';
import { pickRemoteFolder } from '../files/folderPicker.js';
import { folderOf } from '../files/sparkUri.js';
import { withoutIcons } from '../plainText.js';
import type { ProjectList } from '../projects/projectList.js';
import { asRow } from '../views/connectionRows.js';
import { asFileRow } from '../views/fileRows.js';
import { asProjectRow, sortProjects } from '../views/projectRows.js';
import { checked } from './arguments.js';
import { pickConnection } from './pickConnection.js';
import type { CommandServices } from './services.js';

/** A folder on a Spark that something is done in. */
export interface Folder {
  readonly connectionId: string;
  /** Undefined for wherever one begins: the home folder. */
  readonly path: string | undefined;
  /** What it is called, where it has a name. */
  readonly label?: string;
}

/** What is meant by a row of any of our views: the folder of it. */
export function folderOfRow(first: unknown, projects: ProjectList): Folder | undefined {
  const file = asFileRow(first);
  if (file) {
    const { connectionId, path } = file;
    return { connectionId, path: file.kind === 'file' ? folderOf(path) : path };
  }
  const projectRow = asProjectRow(first);
  const project = projectRow && projects.get(projectRow.projectId);
  if (project) return { connectionId: project.connectionId, path: project.remotePath, label: project.name };
  const connection = asRow(first);
  return connection && { connectionId: connection.connectionId, path: undefined };
}

/** Whether a command was called without arguments, or with a row. */
export function isInteractive(first: unknown): boolean {
  return first === undefined || first === null || isRow(first);
}

function isRow(first: unknown): boolean {
  return asFileRow(first) !== undefined || asProjectRow(first) !== undefined || asRow(first) !== undefined;
}

/** A connection that is connected; the only one is taken without asking. */
export async function pickConnected(services: CommandServices, title: string): Promise<string | undefined> {
  return await pickConnection(services, {
    title,
    fits: ({ status: { state } }) => state === 'connected' || state === 'reconnecting',
    noneFits: 'No Spark is connected.',
  });
}

/** Lets the user choose a machine and a folder of it. */
export async function pickFolder(services: CommandServices, title: string): Promise<Folder | undefined> {
  const connectionId = await pickConnected(services, title);
  if (connectionId === undefined) return undefined;
  const path = await pickRemoteFolder(services.client, connectionId, { title });
  return path === undefined ? undefined : { connectionId, path };
}

/** The arguments `(connectionId, path)` of a command. */
export function checkedPlace(connectionId: unknown, path: unknown): { connectionId: string; path: string } {
  return { connectionId: checked(connectionIdSchema, connectionId), path: checked(remotePathSchema, path) };
}

/** The project that the user means; undefined when they thought better of it. */
export async function pickProject(
  services: CommandServices,
  projects: ProjectList,
  title: string,
): Promise<string | undefined> {
  await projects.reload();
  if (projects.all.length === 0) {
    const create = 'Create Project';
    const chosen = await vscode.window.showInformationMessage('There are no projects yet.', create);
    if (chosen === create) services.panel.openProjectForm(null);
    return undefined;
  }
  const items = sortProjects(projects.all).map(({ id, name, remotePath, connectionId }) => ({
    id,
    label: withoutIcons(name),
    description: withoutIcons(services.client.connection(connectionId)?.name ?? ''),
    detail: withoutIcons(remotePath),
  }));
  const options = { title, placeHolder: 'Choose a project', matchOnDescription: true, matchOnDetail: true };
  return (await vscode.window.showQuickPick(items, options))?.id;
}

/** The project of a row or an argument; undefined where none is named. */
export function namedProject(first: unknown): string | undefined {
  if (first === undefined || first === null) return undefined;
  return asProjectRow(first)?.projectId ?? checked(projectIdSchema, first);
}

/** Throws `notFound`. */
export async function projectOf(client: EngineClient, projectId: string): Promise<Project> {
  return await client.request('projects/get', { projectId });
}

/** A path without `~`: what other programs are told. */
export async function absolutePath(client: EngineClient, { connectionId, path }: Folder): Promise<string> {
  const given = path ?? '~';
  if (!given.startsWith('~')) return given;
  const home = await client.request('files/home', { connectionId });
  return given === '~' ? home.path : `${home.path}/${given.slice(2)}`;
}

/** What one of a few words must be. */
export function checkedWord<T extends string>(words: readonly T[], argument: unknown): T {
  const result = v.safeParse(v.picklist(words), argument);
  if (!result.success) throw new SparkError({ code: 'invalidInput', message: `Use one of: ${words.join(', ')}.` });
  return result.output;
}
