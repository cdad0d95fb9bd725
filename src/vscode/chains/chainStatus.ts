import * as vscode from 'vscode';
import type { RunView } from '../../shared/chains.js';
import { COMMANDS } from '../contributionData.js';
import { together, type Disposable } from '../emitter.js';
import type { EngineClient } from '../engineClient.js';
import { escapeMarkdown, withoutIcons } from '../plainText.js';
import type { ChainPlace } from './chainPlace.js';

/** The chains that are under way, in the status bar; a click shows the results. */
export class ChainStatus implements Disposable {
  private readonly item = vscode.window.createStatusBarItem('dgxSpark.chains', vscode.StatusBarAlignment.Left, -1);
  private readonly runs = new Map<string, RunView>();
  private readonly held: Disposable;
  private isUp = false;

  constructor(private readonly client: EngineClient) {
    this.item.name = 'DGX Spark Chains';
    this.held = together(
      this.item,
      client.on('chains/changed', run => {
        this.follow(run);
      }),
      client.onDidChange(() => {
        this.look();
      }),
    );
    this.look();
  }

  follow(run: RunView): void {
    const isLive = run.state === 'starting' || run.state === 'running' || run.state === 'paused';
    if (isLive) this.runs.set(run.runId, run);
    else this.runs.delete(run.runId);
    this.draw();
  }

  dispose(): void {
    this.held.dispose();
  }

  /** Another engine has other runs: those of the last one have ended with it, and it may have some from before. */
  private look(): void {
    const { client, isUp } = this;
    this.isUp = client.status.state === 'up';
    if (this.isUp === isUp) return;
    this.runs.clear();
    this.draw();
    if (!this.isUp) return;
    const follow = (runs: readonly RunView[]) => {
      for (const run of runs) this.follow(run);
    };
    client.request('chains/live', {}).then(follow, () => undefined);
  }

  private draw(): void {
    const { item } = this;
    const all = [...this.runs.values()];
    const [run] = all;
    if (!run) {
      item.hide();
      return;
    }
    const paused = all.find(({ state }) => state === 'paused');
    const cells = all.reduce((sum, each) => sum + each.cells.total, 0);
    const over = all.reduce((sum, each) => sum + each.cells.over, 0);
    const name = all.length === 1 ? withoutIcons(run.chain) : `${all.length} chains`;
    item.text = `${paused ? '$(debug-pause)' : '$(sync~spin)'} ${name} ${over}/${cells}`;
    item.tooltip = new vscode.MarkdownString(all.map(lineOf).join('\n\n'));
    const place: ChainPlace = { kind: 'chain', uri: vscode.Uri.file((paused ?? run).path).toString() };
    item.command = { command: COMMANDS.showChainResults, title: 'Show Results', arguments: [place] };
    item.accessibilityInformation = { label: `Chain ${name}: ${over} of ${cells} steps${paused ? ', paused' : ''}` };
    item.show();
  }
}

function lineOf({ chain, state, reason, rows }: RunView): string {
  const over = rows.passed + rows.failed;
  const failed = rows.failed > 0 ? `, ${rows.failed} failed` : '';
  const words = state === 'paused' ? `paused: ${reason ?? ''}` : `${over} of ${rows.total} rows${failed}`;
  return escapeMarkdown(`${chain}: ${words}`);
}
