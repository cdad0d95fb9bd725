import { open, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { SparkError } from '../../shared/errors.js';
import { type Job, type JobPoint, LOG_CHUNK_BYTES } from '../../shared/jobs.js';
import type { EngineClient } from '../engineClient.js';
import { uriOf } from '../files/sparkUri.js';
import { withoutLinks } from '../plainText.js';

type Client = Pick<EngineClient, 'request'>;

/** Opens the log of a job or saves it, whichever the page asks for. */
export async function takeLog(client: Client, job: Job | undefined, how: 'open' | 'save'): Promise<void> {
  if (job) await (how === 'open' ? openLog : saveLogAsking)(client, job);
}

/** Opens the plain log as an editor that cannot be typed into. */
export async function openLog(client: Client, { id, connectionId }: Job): Promise<void> {
  const { path: home } = await client.request('files/home', { connectionId });
  const uri = uriOf({ connectionId, path: `${home}/.dgx-spark/jobs/${id}/log` });
  const document = await vscode.workspace.openTextDocument(uri);
  await vscode.languages.setTextDocumentLanguage(document, 'log');
  await vscode.window.showTextDocument(document);
}

/** Asks where to, and saves the log there as it is at this moment; can be cancelled, and leaves no half of it. */
export async function saveLogAsking(client: Client, job: Job): Promise<void> {
  const target = await saveDialog('Save Log', `${fileName(job.name)}.log`, { Logs: ['log', 'txt'] });
  if (!target) return;
  const saved = await vscode.window.withProgress(
    {
      location: vscode.ProgressLocation.Notification,
      title: withoutLinks(`Saving the log of ${job.name}`),
      cancellable: true,
    },
    async (progress, token) =>
      await writeWhole(target.fsPath, async write => {
        let [offset, size, generation] = [0, Infinity, ''];
        while (offset < size) {
          if (token.isCancellationRequested) return false;
          const chunk = await client.request('jobs/readLog', { jobId: job.id, offset, length: LOG_CHUNK_BYTES });
          if (size === Infinity) [size, generation] = [chunk.size, chunk.generation];
          else if (chunk.generation !== generation || chunk.size < offset)
            throw new SparkError({
              code: 'logReplaced',
              message: 'The log was replaced while it was read.',
              hint: 'Save it again.',
            });
          const bytes = Buffer.from(chunk.data, 'base64').subarray(0, size - offset);
          if (bytes.length === 0) break;
          await write(bytes);
          offset += bytes.length;
          progress.report({ increment: (bytes.length / size) * 100 });
        }
        return true;
      }),
  );
  if (saved) void offerToOpen('The log was saved.', target);
}

/** Asks where to, and writes the curves of jobs as CSV: a line a point, empty where nothing is known. */
export async function exportPointsAsking(client: Client, jobs: readonly Job[]): Promise<void> {
  const [first] = jobs;
  if (!first) return;
  const name = jobs.length === 1 ? fileName(first.name) : 'jobs';
  const target = await saveDialog('Export Curves', `${name}-curves.csv`, { 'Comma-separated values': ['csv'] });
  if (!target) return;
  const lines = [HEADER];
  for (const job of jobs) {
    const points = await client.request('jobs/points', { jobId: job.id });
    lines.push(...points.map(point => lineOf(job, point)));
  }
  await writeWhole(target.fsPath, async write => {
    await write(Buffer.from(lines.map(line => `${line.join(',')}\r\n`).join('')));
    return true;
  });
  void offerToOpen(`${lines.length - 1} points were written.`, target);
}

const HEADER = [
  ...['job', 'time', 'step', 'epoch', 'loss', 'eval_loss', 'learning_rate', 'gradient_norm', 'tokens_per_second'],
];

function lineOf({ name }: Job, point: JobPoint): string[] {
  const { at, step, epoch, loss, evalLoss, learningRate, gradNorm, tokensPerSecond } = point;
  const figures = [step, epoch, loss, evalLoss, learningRate, gradNorm, tokensPerSecond];
  return [
    quoted(name),
    at === null ? '' : new Date(at).toISOString(),
    ...figures.map(value => (value === null ? '' : String(value))),
  ];
}

function quoted(text: string): string {
  // a spreadsheet would run what begins like a formula
  return `"${(/^[=+\-@\t]/.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`;
}

async function saveDialog(
  title: string,
  name: string,
  filters: Record<string, string[]>,
): Promise<vscode.Uri | undefined> {
  const defaultUri = vscode.Uri.file(join(homedir(), name));
  return await vscode.window.showSaveDialog({ title, saveLabel: 'Save', defaultUri, filters });
}

/** Writes a file that has its name when it is whole. @returns what `produce` answers: false leaves no file */
async function writeWhole(
  file: string,
  produce: (write: (bytes: Buffer) => Promise<unknown>) => Promise<boolean>,
): Promise<boolean> {
  const partial = `${file}.part`;
  try {
    const handle = await open(partial, 'w');
    let whole: boolean;
    try {
      whole = await produce(async bytes => await handle.writeFile(bytes));
    } finally {
      await handle.close();
    }
    if (whole) await rename(partial, file);
    return whole;
  } finally {
    await rm(partial, { force: true });
  }
}

async function offerToOpen(message: string, target: vscode.Uri): Promise<void> {
  const show = 'Open';
  const chosen = await vscode.window.showInformationMessage(message, show);
  if (chosen === show) await vscode.commands.executeCommand('vscode.open', target);
}

function fileName(name: string): string {
  return name.replace(/[^\p{L}\p{N}-]+/gu, '-').replace(/^-+|-+$/g, '') || 'job';
}
