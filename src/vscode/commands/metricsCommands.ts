import { homedir } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import * as vscode from 'vscode';
import { COMMANDS } from '../contributionData.js';
import { registerCommand } from '../contributions.js';
import type { ProcessToEnd } from '../panel/panelHost.js';
import { withoutLinks } from '../plainText.js';
import { checked, checkedId, readCall } from './arguments.js';
import { attempt } from './interactive.js';
import { pickConnection } from './pickConnection.js';
import { withCancellableProgress } from './quietProgress.js';
import type { CommandServices } from './services.js';

const HOUR_MS = 60 * 60 * 1000;
const RANGES = [
  { label: 'Last hour', hours: 1, description: 'every saved row' },
  { label: 'Last 24 hours', hours: 24, description: 'every saved row' },
  { label: 'Last 7 days', hours: 24 * 7, description: 'a row a minute: mean, lowest and highest' },
  { label: 'Last 90 days', hours: 24 * 90, description: 'a row a quarter of an hour: mean, lowest and highest' },
];

const exportSchema = v.strictObject({
  hours: v.pipe(v.number(), v.minValue(0), v.maxValue(24 * 3650)),
  file: v.pipe(v.string(), v.minLength(1)),
  gpu: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
});

/** Recorded metrics as a file. */
export function registerMetricsCommands(services: CommandServices): vscode.Disposable {
  const { client } = services;
  return registerCommand(COMMANDS.exportMetrics, async (first, second) => {
    const call = readCall(first);
    if (call.form === 'argument') {
      const { hours, file, gpu } = checked(exportSchema, second);
      return await write(services, {
        connectionId: checkedId(first),
        hours,
        file,
        gpus: gpu === undefined ? undefined : [gpu],
      });
    }
    return await attempt(services, call.row?.connectionId, async () => {
      const connectionId =
        call.row?.connectionId ??
        (await pickConnection(services, { title: 'Export Metrics', fits: () => true, noneFits: '' }));
      if (connectionId === undefined) return undefined;
      const range = await vscode.window.showQuickPick(RANGES, {
        title: `Export Metrics of ${client.connection(connectionId)?.name ?? 'the Spark'}`,
        placeHolder: 'Choose a range',
      });
      return range && (await exportByDialog(services, connectionId, range.hours));
    });
  });
}

/** Lets the user choose a file and writes it; shows what went wrong itself. */
export async function exportByDialog(
  services: CommandServices,
  connectionId: string,
  hours: number,
): Promise<number | undefined> {
  const { client } = services;
  return await attempt(services, connectionId, async () => {
    const name = client.connection(connectionId)?.name ?? 'spark';
    const target = await vscode.window.showSaveDialog({
      title: 'Export Metrics',
      saveLabel: 'Export',
      defaultUri: vscode.Uri.file(join(homedir(), `${name.replace(/[^\p{L}\p{N}-]+/gu, '-')}-metrics.csv`)),
      filters: { 'Comma-separated values': ['csv'] },
    });
    if (!target) return undefined;
    const rows = await withCancellableProgress(
      `Exporting the metrics of ${name}`,
      async signal => await write(services, { connectionId, hours, file: target.fsPath, gpus: undefined }, signal),
    );
    void vscode.window.showInformationMessage(`${rows} rows are written.`, 'Open').then(async chosen => {
      if (chosen !== undefined) await vscode.window.showTextDocument(target);
    });
    return rows;
  });
}

/** Asks, then ends a process on a machine; false when the user thought better of it, or was shown why it failed. */
export async function endProcessAfterAsking(
  services: CommandServices,
  { connectionId, pid, startTicks, name }: ProcessToEnd,
): Promise<boolean> {
  const { client } = services;
  const ended = await attempt(services, connectionId, async () => {
    const end = 'End Process';
    const force = 'End at Once';
    const where = client.connection(connectionId)?.name ?? 'the Spark';
    const chosen = await vscode.window.showWarningMessage(
      withoutLinks(`End process ${pid} on "${where}"?`),
      {
        modal: true,
        detail: withoutLinks(
          `${name.slice(0, 300)}\n\n"${end}" asks it to end (SIGTERM). "${force}" leaves it no time to save anything (SIGKILL).`,
        ),
      },
      end,
      force,
    );
    if (chosen === undefined) return false;
    await client.request('metrics/endProcess', { connectionId, pid, startTicks, force: chosen === force });
    return true;
  });
  return ended ?? false;
}

async function write(
  { client }: CommandServices,
  {
    connectionId,
    hours,
    file,
    gpus,
  }: { connectionId: string; hours: number; file: string; gpus: number[] | undefined },
  signal?: AbortSignal,
): Promise<number> {
  const to = Date.now();
  const { rows } = await client.request(
    'metrics/export',
    { connectionId, from: to - hours * HOUR_MS, to, file, ...(gpus && { gpus }) },
    signal,
  );
  return rows;
}
