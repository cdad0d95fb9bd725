import * as vscode from 'vscode';
import type { ConnectionView } from '../shared/connection.js';
import type { Sample } from '../shared/metrics.js';
import { STATE_ICONS } from './connectionIcons.js';
import { connectionTooltip } from './connectionTooltip.js';
import { COMMANDS } from './contributionData.js';
import { together, type Disposable } from './emitter.js';
import type { EngineClient } from './engineClient.js';
import { withoutIcons } from './plainText.js';
import { foremost, loadOf, memory, reading, sentences, STATE_WORDS } from './wording.js';

/** The one item in the status bar: the state, name and load of the foremost connection. Hidden when nothing is saved. */
export class StatusBar implements Disposable {
  private readonly item = vscode.window.createStatusBarItem('dgxSpark.status', vscode.StatusBarAlignment.Left, 0);
  private readonly held: readonly Disposable[];

  /** @param remark something that the tooltip always says, if anything */
  constructor(
    private readonly client: EngineClient,
    private readonly remark: string | undefined,
  ) {
    this.item.name = 'DGX Spark';
    this.item.command = COMMANDS.openPanel;
    this.held = [
      this.item,
      client.onDidChange(() => {
        this.draw();
      }),
      client.onDidSample(sample => {
        if (sample.connectionId === foremost(client.snapshot.connections)?.id) this.draw();
      }),
    ];
    this.draw();
  }

  dispose(): void {
    together(...this.held).dispose();
  }

  private draw(): void {
    const { item, client } = this;
    const { status } = client;
    const connection = foremost(client.snapshot.connections);
    if (status.state === 'down') this.drawDown(sentences(status.error));
    else if (!connection) {
      item.hide();
      return;
    } else if (status.state === 'starting') this.drawStarting(connection);
    else this.drawConnection(connection, client.sample(connection.id));
    item.show();
  }

  private drawDown(reason: string): void {
    this.item.text = '$(warning) DGX Spark';
    this.item.tooltip = `DGX Spark does not run. ${reason}`;
    this.item.accessibilityInformation = { label: `DGX Spark does not run. ${reason}` };
  }

  private drawStarting(connection: ConnectionView): void {
    this.item.text = `$(loading~spin) ${withoutIcons(connection.name)}`;
    this.item.tooltip = 'DGX Spark is starting.';
    this.item.accessibilityInformation = { label: 'DGX Spark is starting' };
  }

  private drawConnection(connection: ConnectionView, sample: Sample | undefined): void {
    const { state } = connection.status;
    const load = sample && loadOf(sample);
    const numbers = load ? [`GPU ${reading(load.utilization, '%')}`] : [];
    if (load && load.usedMb !== null) numbers.push(memory(load.usedMb, load.totalMb));
    this.item.text = [`$(${STATE_ICONS[state]}) ${withoutIcons(connection.name)}`, ...numbers].join('  ');
    this.item.tooltip = withMenu(connectionTooltip(connection, this.extraFacts(sample)));
    this.item.accessibilityInformation = {
      label: ['DGX Spark', connection.name, STATE_WORDS[state], ...numbers].join(', '),
    };
  }

  private extraFacts(sample: Sample | undefined): [string, string][] {
    const facts = (sample?.gpus ?? []).map((gpu): [string, string] => [
      sample?.gpus.length === 1 ? 'GPU' : `GPU ${gpu.index}`,
      [
        gpu.name,
        reading(gpu.utilization, '%'),
        memory(gpu.memory.usedMb, gpu.memory.totalMb) + (gpu.memory.kind === 'unified' ? ' unified' : ''),
        reading(gpu.temperatureC, ' °C'),
        reading(gpu.powerW, ' W'),
      ].join(' · '),
    ]);
    if (sample?.error) facts.push(['Metrics', sentences(sample.error)]);
    facts.push(['Tools use', this.client.snapshot.endpoint.url]);
    if (this.remark !== undefined) facts.push(['Note', this.remark]);
    return facts;
  }
}

/** What the hovering pointer can do; everything else in the tooltip is escaped text. */
const MENU = [
  [COMMANDS.selectOllamaTarget, 'arrow-swap', 'Select Ollama Target'],
  [COMMANDS.copyOllamaEndpoint, 'copy', 'Copy Endpoint'],
  [COMMANDS.openPanel, 'dashboard', 'Open Panel'],
] as const;

function withMenu(tooltip: vscode.MarkdownString): vscode.MarkdownString {
  tooltip.supportThemeIcons = true;
  tooltip.isTrusted = { enabledCommands: MENU.map(([command]) => command) };
  const links = MENU.map(([command, icon, label]) => `[$(${icon}) ${label}](command:${command})`);
  return tooltip.appendMarkdown(`\n\n---\n\n${links.join(' &nbsp; ')}`);
}
