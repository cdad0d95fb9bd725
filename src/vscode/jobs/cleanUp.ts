import * as vscode from 'vscode';
import type { Job } from '../../shared/jobs.js';
import type { EngineClient } from '../engineClient.js';
import { withoutIcons, withoutLinks } from '../plainText.js';
import { isUnderWay, JOB_STATUS_ICONS, JOB_STATUS_WORDS } from '../views/jobRows.js';
import { timeAgo } from '../wording.js';

/** Older than this they are chosen to begin with. */
const OLD_MS = 30 * 24 * 60 * 60 * 1000;

/** Lets the user choose among the jobs that have ended, the old ones chosen already, and deletes them with or without their files. */
export async function cleanUpAsking(client: EngineClient, jobs: readonly Job[]): Promise<void> {
  const now = Date.now();
  const ended = jobs.filter(job => job.run > 0 && !isUnderWay(job));
  if (ended.length === 0) {
    void vscode.window.showInformationMessage('No training job has ended yet; there is nothing to clean up.');
    return;
  }
  const items = ended.map(job => ({
    label: withoutIcons(job.name),
    iconPath: new vscode.ThemeIcon(JOB_STATUS_ICONS[job.status]),
    description: [JOB_STATUS_WORDS[job.status], timeAgo(job.completedAt ?? job.createdAt, now)].join(' · '),
    picked: now - (job.completedAt ?? job.createdAt) > OLD_MS,
    job,
  }));
  const chosen = await vscode.window.showQuickPick(items, {
    title: 'Clean Up Training Jobs',
    placeHolder: 'Those older than 30 days are chosen; choose what to delete',
    canPickMany: true,
    matchOnDescription: true,
  });
  if (!chosen || chosen.length === 0) return;
  const [both, here] = ['Delete with Files', 'Keep Files on the Spark'];
  const count = chosen.length === 1 ? '1 job' : `${chosen.length} jobs`;
  const answer = await vscode.window.showWarningMessage(
    `Delete ${count}?`,
    { modal: true, detail: 'Their logs and exit codes are in folders on the Spark, which can be deleted, too.' },
    ...[both, here],
  );
  if (answer === undefined) return;
  const failed: string[] = [];
  for (const { job } of chosen)
    await client.request('jobs/delete', { jobId: job.id, remoteFiles: answer === both }).catch(() => {
      failed.push(job.name);
    });
  if (failed.length > 0)
    void vscode.window.showWarningMessage(
      withoutLinks(
        `${failed.length} of ${count} could not be deleted with their files: ${failed.slice(0, 3).join(', ')}. Connect to their machine first.`,
      ),
    );
}
