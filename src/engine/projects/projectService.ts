import { SparkError } from '../../shared/errors.js';
import type { Folder } from '../../shared/files.js';
import { readConfig } from '../../shared/projectConfig.js';
import type { FoundProject, Project, ProjectChanges, ProjectData } from '../../shared/projects.js';
import { type Disposable, DisposableStore } from '../base/disposable.js';
import { Emitter, type Event } from '../base/emitter.js';
import type { ProjectRepository } from '../store/types.js';
import { findProjects } from './findProjects.js';

/** What the editor begins with where nothing is stored. */
const EMPTY_CONFIG = `${JSON.stringify({ environment: {}, notes: '' }, null, 2)}\n`;
const LONGEST_NAME = 80;

export interface ProjectServiceOptions {
  readonly repository: ProjectRepository;
  /** What is in a folder of a Spark that is connected. */
  readonly list: (connectionId: string, path: string) => Promise<Folder>;
}

/** The projects, and their configurations. */
export class ProjectService implements Disposable {
  private readonly held = new DisposableStore();
  private readonly changed = this.held.add(new Emitter<Project[]>());
  private announced = '';

  /** Fires with all of them. */
  readonly onDidChange: Event<Project[]> = this.changed.event;

  constructor(private readonly options: ProjectServiceOptions) {
    this.announced = JSON.stringify(this.list());
  }

  list(): Project[] {
    return this.options.repository.list();
  }

  get(id: string): Project {
    return this.options.repository.get(id);
  }

  async create(data: ProjectData): Promise<Project> {
    return await this.changing(this.options.repository.create(data));
  }

  async update(id: string, changes: ProjectChanges): Promise<Project> {
    return await this.changing(this.options.repository.update(id, changes));
  }

  /** Its jobs go with it; nothing changes on the Spark. */
  async delete(id: string): Promise<void> {
    await this.changing(this.options.repository.delete(id));
  }

  async duplicate(id: string): Promise<Project> {
    const { repository } = this.options;
    const { connectionId, name, description, projectType, remotePath } = repository.get(id);
    const { text } = repository.config(id);
    const taken = new Set(this.list().map(project => project.name));
    const copy = { connectionId, description, projectType, remotePath, status: 'active', config: text } as const;
    return await this.create({ ...copy, name: nameOfCopy(name, taken) });
  }

  async touch(id: string): Promise<void> {
    await this.changing(this.options.repository.touch(id));
  }

  config(id: string): { text: string; revision: number } {
    const { text, revision } = this.options.repository.config(id);
    return { text: text ?? EMPTY_CONFIG, revision };
  }

  /** @param basedOn the revision that must still be stored; null for whichever */
  async setConfig(id: string, text: string, basedOn: number | null): Promise<{ text: string; revision: number }> {
    const read = readConfig(text);
    if ('problem' in read)
      throw new SparkError({ code: 'configInvalid', message: `The configuration is not saved. ${read.problem}` });
    return await this.changing(this.options.repository.setConfig(id, text, basedOn));
  }

  async find(connectionId: string, path: string | undefined, signal: AbortSignal): Promise<FoundProject[]> {
    const list = async (folder: string) => await this.options.list(connectionId, folder);
    const home = (await list('~')).path;
    const known = this.list()
      .filter(project => project.connectionId === connectionId)
      .map(({ remotePath }) => (/^~(?:\/|$)/.test(remotePath) ? home + remotePath.slice(1) : remotePath))
      .map(whole => (whole.length > 1 ? whole.replace(/\/+$/, '') : whole));
    return await findProjects(path ?? home, list, new Set(known), signal);
  }

  /** To be called when something else may have changed them: a connection was deleted, a job has another state. */
  refresh(): void {
    const projects = this.list();
    const text = JSON.stringify(projects);
    if (text === this.announced) return;
    this.announced = text;
    this.changed.fire(projects);
  }

  dispose(): void {
    this.held.dispose();
  }

  private async changing<T>(change: Promise<T>): Promise<T> {
    const result = await change;
    this.refresh();
    return result;
  }
}

function nameOfCopy(name: string, taken: ReadonlySet<string>): string {
  for (let number = 1; ; number++) {
    const suffix = number === 1 ? ' copy' : ` copy ${number}`;
    const candidate = `${Array.from(name)
      .slice(0, LONGEST_NAME - suffix.length)
      .join('')}${suffix}`;
    if (!taken.has(candidate)) return candidate;
  }
}
