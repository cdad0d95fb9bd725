import type { Project } from '../../shared/projects.js';
import { Emitter, together, type Disposable } from '../emitter.js';
import type { EngineClient } from '../engineClient.js';

/** What the engine knows of the projects, kept up to date. */
export class ProjectList implements Disposable {
  private readonly changed = new Emitter<void>();
  private readonly held: readonly Disposable[];
  private projects: readonly Project[] = [];

  readonly onDidChange = this.changed.event;

  constructor(private readonly client: EngineClient) {
    this.held = [
      this.changed,
      client.on('projects/changed', ({ projects }) => {
        this.take(projects);
      }),
      client.onDidAttach(() => {
        void this.reload();
      }),
    ];
  }

  /** The one that something was last done with first. */
  get all(): readonly Project[] {
    return this.projects;
  }

  get(projectId: string): Project | undefined {
    return this.projects.find(({ id }) => id === projectId);
  }

  /** Reads them again; what was just changed is in {@link all} when it resolves. */
  async reload(): Promise<void> {
    if (!(await this.client.attached().catch(() => undefined))) return;
    const projects = await this.client.request('projects/list', {}).catch(() => undefined);
    if (projects) this.take(projects);
  }

  dispose(): void {
    together(...this.held).dispose();
  }

  private take(projects: readonly Project[]): void {
    if (JSON.stringify(projects) === JSON.stringify(this.projects)) return;
    this.projects = projects;
    this.changed.fire();
  }
}
