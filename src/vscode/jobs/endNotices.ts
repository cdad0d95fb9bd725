import * as vscode from 'vscode';
import { isActive, type Job } from '../../shared/jobs.js';
import { COMMANDS } from '../contributionData.js';
import { together, type Disposable } from '../emitter.js';
import type { EngineClient } from '../engineClient.js';
import { withoutLinks } from '../plainText.js';
import { isUnderWay } from '../views/jobRows.js';
import type { JobList } from './jobList.js';

/** Tells the user once of each job that has ended, also of those that did while no window was open. */
export function tellEnds(client: EngineClient, jobs: JobList): Disposable {
  const telling = new Set<string>();
  const look = () => {
    // one window speaks for all
    if (!client.isLeader) return;
    for (const job of jobs.all) {
      const key = `${job.id} ${job.run}`;
      if (job.told || job.run === 0 || isUnderWay(job) || isActive(job.status) || telling.has(key)) continue;
      telling.add(key);
      void tell(client, job).catch(() => telling.delete(key));
    }
  };
  return together(jobs.onDidChange(look), client.onDidChange(look));
}

async function tell(client: EngineClient, job: Job): Promise<void> {
  if (!(await client.request('jobs/markTold', { jobId: job.id }))) return;
  // who stopped it knows
  if (job.status === 'stopped' && job.reason === null) return;
  const show = 'Show Log';
  const [message, notify] = sentence(job);
  void notify(withoutLinks(message), show).then(chosen => {
    if (chosen === show) void vscode.commands.executeCommand(COMMANDS.showJobLogs, { kind: 'job', jobId: job.id });
  });
}

type Notify = (message: string, ...buttons: string[]) => Thenable<string | undefined>;

function sentence(job: Job): [string, Notify] {
  const { showInformationMessage, showWarningMessage } = vscode.window;
  if (job.status === 'completed') {
    const last = job.metrics?.loss ?? null;
    const loss = last === null ? '' : ` Last loss: ${last.toPrecision(4)}.`;
    return [`Training job "${job.name}" has completed.${loss}`, showInformationMessage];
  }
  const word = job.status === 'lost' ? 'was lost' : job.status === 'stopped' ? 'was stopped' : 'has failed';
  return [`Training job "${job.name}" ${word}. ${job.reason ?? ''}`.trim(), showWarningMessage];
}
