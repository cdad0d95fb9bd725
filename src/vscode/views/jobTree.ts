import * as vscode from 'vscode';
import type { Job, JobStatus } from '../../shared/jobs.js';
import { COLORS, COMMANDS, VIEWS } from '../contributionData.js';
import { together, type Disposable } from '../emitter.js';
import type { EngineClient } from '../engineClient.js';
import type { JobList } from '../jobs/jobList.js';
import { escapeMarkdown } from '../plainText.js';
import { JOB_STATUS_ICONS, jobFacts, jobText, type JobRow } from './jobRows.js';

const STATUS_COLORS: Partial<Record<JobStatus, string>> = {
  starting: COLORS.connecting,
  running: COLORS.connected,
  stopping: COLORS.connecting,
  failed: COLORS.error,
  lost: COLORS.error,
};

/** The training jobs, newest first. */
export class JobTree implements vscode.TreeDataProvider<JobRow>, Disposable {
  private readonly changed = new vscode.EventEmitter<JobRow | undefined>();
  private readonly held: Disposable;
  /** The editor knows rows by identity, so each is made once. */
  private readonly rows = new Map<string, JobRow>();
  private drawn: readonly Job[] = [];

  readonly onDidChangeTreeData = this.changed.event;

  constructor(
    private readonly client: EngineClient,
    private readonly jobs: JobList,
  ) {
    this.held = together(
      this.changed,
      vscode.window.createTreeView(VIEWS.jobs, { treeDataProvider: this }),
      jobs.onDidChange(() => {
        this.follow();
      }),
    );
  }

  dispose(): void {
    this.held.dispose();
  }

  getChildren(parent?: JobRow): JobRow[] {
    return parent ? [] : this.jobs.all.map(({ id }) => this.row(id));
  }

  getTreeItem(row: JobRow): vscode.TreeItem {
    const job = this.jobs.get(row.jobId);
    if (!job) return new vscode.TreeItem('');
    const { connections } = this.client.snapshot;
    const connection = connections.length > 1 ? this.client.connection(job.connectionId)?.name : undefined;
    const text = jobText(job, connection, Date.now());
    const item = new vscode.TreeItem(text.label);
    item.id = `job:${job.id}`;
    item.description = text.description;
    item.contextValue = text.contextValue;
    item.accessibilityInformation = { label: text.spoken };
    const color = STATUS_COLORS[job.status];
    item.iconPath = new vscode.ThemeIcon(
      JOB_STATUS_ICONS[job.status],
      color === undefined ? undefined : new vscode.ThemeColor(color),
    );
    item.command = { command: COMMANDS.showJobLogs, title: 'Show Log', arguments: [row] };
    return item;
  }

  resolveTreeItem(item: vscode.TreeItem, { jobId }: JobRow): vscode.TreeItem {
    const job = this.jobs.get(jobId);
    if (!job) return item;
    const lines = jobFacts(job, Date.now()).map(([heading, text]) => `${heading}: ${escapeMarkdown(text)}`);
    item.tooltip = new vscode.MarkdownString([`**${escapeMarkdown(job.name)}**`, ...lines].join('  \n'));
    return item;
  }

  /**
   * Draws anew the rows of jobs that are others than before. The whole list only where one has come or gone: until the editor
   * has drawn that it knows no row, and a press of a row's button comes without the row.
   */
  private follow(): void {
    const [before, now] = [this.drawn, this.jobs.all];
    this.drawn = now;
    if (now.length !== before.length || now.some(({ id }, index) => id !== before[index]?.id))
      this.changed.fire(undefined);
    else
      now.forEach((job, index) => {
        if (JSON.stringify(job) !== JSON.stringify(before[index])) this.changed.fire(this.row(job.id));
      });
  }

  private row(jobId: string): JobRow {
    const row = this.rows.get(jobId) ?? { kind: 'job', jobId };
    this.rows.set(jobId, row);
    return row;
  }
}
