import * as vscode from 'vscode';
import type { SparkApi } from '../../src/api.js';

/**
 * What another extension does with the public API: shows where Ollama is now, and how busy the machine behind it is, in
 * the status bar. A sample for authors, and what the tests look at.
 */
export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const extension = vscode.extensions.getExtension<SparkApi>('dgx-spark.dgx-spark');
  const spark = await extension?.activate();
  if (spark?.apiVersion !== 1) return;
  const item = vscode.window.createStatusBarItem('sparkConsumer', vscode.StatusBarAlignment.Right);
  const show = () => {
    const connected = spark.connections().find(({ status }) => status.state === 'connected');
    const sample = connected && spark.latestMetrics(connected.id);
    const load = sample?.gpus.map(({ utilization }) => `${utilization ?? '?'}%`).join(' ');
    item.text = [
      'Consumer',
      spark.ollamaEndpoint,
      ...(connected ? [connected.name] : []),
      ...(load ? [load] : []),
    ].join(' ');
    item.show();
  };
  show();
  context.subscriptions.push(
    item,
    spark.onDidChangeOllamaEndpoint(show),
    spark.onDidChangeConnections(show),
    spark.onDidSample(show),
  );
}
