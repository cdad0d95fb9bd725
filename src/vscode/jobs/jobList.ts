import type { Job } from '../../shared/jobs.js';
import { Emitter, together, type Disposable } from '../emitter.js';
import type { EngineClient } from '../engineClient.js';

/** All training jobs as this window knows them: read when an engine is attached, then followed. */
export class JobList implements Disposable {
  private readonly changed = new Emitter<void>();
  private readonly held: Disposable;
  private jobs: readonly Job[] = [];
  private isUp = false;

  readonly onDidChange = this.changed.event;

  constructor(private readonly client: Pick<EngineClient, 'request' | 'status' | 'onDidChange' | 'on'>) {
    this.held = together(
      this.changed,
      client.on('jobs/changed', ({ jobs }) => {
        this.take(jobs);
      }),
      client.onDidChange(() => {
        const isUp = client.status.state === 'up';
        if (isUp === this.isUp) return;
        this.isUp = isUp;
        if (isUp) void this.reload();
      }),
    );
  }

  /** Newest first. */
  get all(): readonly Job[] {
    return this.jobs;
  }

  get(jobId: string): Job | undefined {
    return this.jobs.find(({ id }) => id === jobId);
  }

  dispose(): void {
    this.held.dispose();
  }

  private async reload(): Promise<void> {
    try {
      this.take(await this.client.request('jobs/list', {}));
    } catch {
      // the engine went away; the next one is asked again
    }
  }

  private take(jobs: readonly Job[]): void {
    this.jobs = jobs;
    this.changed.fire();
  }
}
