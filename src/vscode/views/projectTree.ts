import * as vscode from 'vscode';
import type { Project } from '../../shared/projects.js';
import { COLORS, COMMANDS, VIEWS } from '../contributionData.js';
import { together, type Disposable } from '../emitter.js';
import type { EngineClient } from '../engineClient.js';
import { escapeMarkdown } from '../plainText.js';
import type { ProjectList } from '../projects/projectList.js';
import { JOB_STATUS_ICONS, JOB_STATUS_WORDS } from './jobRows.js';
import { projectFacts, projectRowId, projectText, sortProjects, STATUS_ICONS, type Row } from './projectRows.js';

/** The projects tree: each with its jobs below it. */
export class ProjectTree implements vscode.TreeDataProvider<Row>, Disposable {
  private readonly changed = new vscode.EventEmitter<Row | undefined>();
  private readonly view: vscode.TreeView<Row>;
  private readonly held: readonly Disposable[];
  /** The editor knows rows by identity, so each is made once. */
  private readonly rows = new Map<string, Row>();
  private connections = '';

  readonly onDidChangeTreeData = this.changed.event;

  constructor(
    private readonly client: EngineClient,
    private readonly projects: ProjectList,
  ) {
    this.view = vscode.window.createTreeView(VIEWS.projects, { treeDataProvider: this });
    const redraw = () => {
      this.changed.fire(undefined);
    };
    this.held = [
      this.changed,
      this.view,
      projects.onDidChange(redraw),
      client.onDidChange(() => {
        // a row says which connection it is of and whether that is up
        const now = JSON.stringify(client.snapshot.connections.map(({ id, name, status }) => [id, name, status.state]));
        if (now === this.connections) return;
        this.connections = now;
        redraw();
      }),
    ];
  }

  dispose(): void {
    together(...this.held).dispose();
  }

  async getChildren(parent?: Row): Promise<Row[]> {
    if (parent) {
      const project = parent.kind === 'project' ? this.projects.get(parent.projectId) : undefined;
      return (project?.jobs ?? []).map(({ id }) =>
        this.row({ kind: 'projectJob', projectId: parent.projectId, jobId: id }),
      );
    }
    // the view shows its own progress bar meanwhile, not the welcome text of an empty list
    if (this.client.status.state === 'starting' && this.projects.all.length === 0) await this.projects.reload();
    return sortProjects(this.projects.all).map(({ id }) => this.row({ kind: 'project', projectId: id }));
  }

  getParent(row: Row): Row | undefined {
    return row.kind === 'project' ? undefined : this.row({ kind: 'project', projectId: row.projectId });
  }

  getTreeItem(row: Row): vscode.TreeItem {
    const project = this.projects.get(row.projectId);
    const item = project && row.kind === 'projectJob' ? jobItem(project, row.jobId) : this.projectItem(project);
    item.id = projectRowId(row);
    return item;
  }

  resolveTreeItem(item: vscode.TreeItem, row: Row): vscode.TreeItem {
    const project = this.projects.get(row.projectId);
    if (!project || row.kind !== 'project') return item;
    const facts = projectFacts(project, this.client.connection(project.connectionId)?.name, Date.now());
    const lines = facts.map(([heading, text]) => `${heading}: ${escapeMarkdown(text)}`);
    item.tooltip = new vscode.MarkdownString([`**${escapeMarkdown(project.name)}**`, ...lines].join('  \n'));
    return item;
  }

  private projectItem(project: Project | undefined): vscode.TreeItem {
    if (!project) return new vscode.TreeItem('');
    const { snapshot } = this.client;
    const connection = this.client.connection(project.connectionId);
    const text = projectText(project, connection, snapshot.connections.length);
    const { Collapsed, None } = vscode.TreeItemCollapsibleState;
    const item = new vscode.TreeItem(text.label, project.jobs.length > 0 ? Collapsed : None);
    item.description = text.description;
    item.contextValue = text.contextValue;
    item.accessibilityInformation = { label: text.spoken };
    const color = project.status === 'active' ? new vscode.ThemeColor(COLORS.connected) : undefined;
    item.iconPath = new vscode.ThemeIcon(STATUS_ICONS[project.status], color);
    if (project.jobs.length === 0)
      item.command = {
        command: COMMANDS.openProject,
        title: 'Open',
        arguments: [{ kind: 'project', projectId: project.id }],
      };
    return item;
  }

  private row(row: Row): Row {
    const id = projectRowId(row);
    const known = this.rows.get(id) ?? row;
    this.rows.set(id, known);
    return known;
  }
}

function jobItem({ jobs }: Project, jobId: string): vscode.TreeItem {
  const job = jobs.find(({ id }) => id === jobId);
  const item = new vscode.TreeItem(job?.name ?? '');
  if (job) {
    item.description = JOB_STATUS_WORDS[job.status];
    item.iconPath = new vscode.ThemeIcon(JOB_STATUS_ICONS[job.status]);
  }
  item.contextValue = 'projectJob';
  item.command = { command: COMMANDS.showJobLogs, title: 'Show Log', arguments: [{ kind: 'job', jobId }] };
  return item;
}
