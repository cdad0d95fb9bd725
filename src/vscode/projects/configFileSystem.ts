import * as vscode from 'vscode';
import { SparkError } from '../../shared/errors.js';
import type { Project } from '../../shared/projects.js';
import { together, type Disposable } from '../emitter.js';
import type { EngineClient } from '../engineClient.js';
import { forEditor } from '../files/fileErrors.js';
import { withoutLinks } from '../plainText.js';
import type { ProjectList } from './projectList.js';

/** Scheme of the configurations: `dgx-spark-project:/<project>/<name>.dgx-project.json`. */
export const CONFIG_SCHEME = 'dgx-spark-project';
/** What the manifest ties the JSON schema to. */
const ENDING = '.dgx-project.json';

/** The document that the configuration of a project is edited in. */
export function configUri({ id, name }: Pick<Project, 'id' | 'name'>): vscode.Uri {
  // the name is for the tab only
  const title = name.replace(/[/\\?#%:*"<>|\p{Cc}]+/gu, '_');
  return vscode.Uri.from({ scheme: CONFIG_SCHEME, path: `/${id}/${title}${ENDING}` });
}

function projectIdOf(uri: vscode.Uri): string {
  const [, id = ''] = uri.path.split('/');
  if (!uri.path.endsWith(ENDING) || id === '') throw vscode.FileSystemError.FileNotFound(uri);
  return id;
}

/**
 * The configurations of projects as files of the editor, so that its own ways of saving, reverting and comparing hold. A file's time is the revision:
 * the editor sees by itself that another window has stored another, and what it cannot see the engine does.
 */
export class ConfigFileSystem implements vscode.FileSystemProvider, Disposable {
  private readonly changed = new vscode.EventEmitter<vscode.FileChangeEvent[]>();
  private readonly held: readonly Disposable[];
  /** What an editor last read or wrote. */
  private readonly known = new Map<string, { revision: number; size: number }>();

  readonly onDidChangeFile = this.changed.event;

  constructor(
    private readonly client: EngineClient,
    private readonly projects: ProjectList,
  ) {
    this.held = [
      this.changed,
      projects.onDidChange(() => {
        this.follow();
      }),
      vscode.workspace.registerFileSystemProvider(CONFIG_SCHEME, this, { isCaseSensitive: true }),
    ];
  }

  dispose(): void {
    together(...this.held).dispose();
  }

  watch(): vscode.Disposable {
    // the engine tells of every change
    return new vscode.Disposable(() => undefined);
  }

  async stat(uri: vscode.Uri): Promise<vscode.FileStat> {
    const { text, revision } = await this.read(uri);
    return { type: vscode.FileType.File, ctime: 0, mtime: revision + 1, size: sizeOf(text) };
  }

  async readFile(uri: vscode.Uri): Promise<Uint8Array> {
    const { text, revision } = await this.read(uri);
    this.known.set(projectIdOf(uri), { revision, size: sizeOf(text) });
    return Buffer.from(text);
  }

  async writeFile(uri: vscode.Uri, content: Uint8Array): Promise<void> {
    const projectId = projectIdOf(uri);
    await forEditor(async () => {
      const text = Buffer.from(content).toString('utf8');
      const before = this.known.get(projectId);
      const basedOn = before?.revision ?? null;
      const stored = await this.client
        .request('projects/setConfig', { projectId, text, basedOn })
        .catch(async (error: unknown) => {
          if (!SparkError.is(error, 'configConflict')) throw error;
          return await this.overwrite(projectId, text, before?.size);
        });
      this.known.set(projectId, { revision: stored.revision, size: sizeOf(stored.text) });
      await this.projects.reload();
    });
  }

  readDirectory(): never {
    throw vscode.FileSystemError.NoPermissions('There are no folders here.');
  }

  createDirectory(): never {
    throw vscode.FileSystemError.NoPermissions('There are no folders here.');
  }

  delete(): never {
    throw vscode.FileSystemError.NoPermissions('A configuration goes with its project.');
  }

  rename(): never {
    throw vscode.FileSystemError.NoPermissions('A configuration stays with its project.');
  }

  private async read(uri: vscode.Uri): Promise<{ text: string; revision: number }> {
    const projectId = projectIdOf(uri);
    return await forEditor(async () => {
      try {
        return await this.client.request('projects/getConfig', { projectId });
      } catch (error) {
        if (SparkError.is(error, 'notFound'))
          throw vscode.FileSystemError.FileNotFound('The project has been deleted.');
        throw error;
      }
    });
  }

  /** Another window has stored another. Of another length the editor has seen and asked about it; else it is asked here. */
  private async overwrite(
    projectId: string,
    text: string,
    sizeBefore: number | undefined,
  ): Promise<{ text: string; revision: number }> {
    const now = await this.client.request('projects/getConfig', { projectId });
    if (sizeOf(now.text) === sizeBefore && now.text !== text) {
      const button = 'Overwrite';
      const name = this.projects.get(projectId)?.name ?? 'This project';
      const chosen = await vscode.window.showWarningMessage(
        withoutLinks(`The configuration of "${name}" was changed in another window.`),
        { modal: true, detail: 'Overwrite what was stored there? To see it, cancel and use "Revert File".' },
        button,
      );
      if (chosen !== button)
        throw new SparkError({ code: 'configConflict', message: 'Not saved: it was changed in another window.' });
    }
    return await this.client.request('projects/setConfig', { projectId, text, basedOn: now.revision });
  }

  /** Editors without changes show what another window has stored. */
  private follow(): void {
    const open = vscode.workspace.textDocuments.filter(({ uri }) => uri.scheme === CONFIG_SCHEME);
    const events = open.flatMap(({ uri }) => {
      // a project may have another name by now
      const project = this.projects.get(projectIdOf(uri));
      const known = project && this.known.get(project.id);
      if (!known || known.revision === project.configRevision) return [];
      return [{ type: vscode.FileChangeType.Changed, uri }];
    });
    if (events.length > 0) this.changed.fire(events);
  }
}

function sizeOf(text: string): number {
  return Buffer.byteLength(text);
}
