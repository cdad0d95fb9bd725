import * as vscode from 'vscode';
import type { Job } from '../../shared/jobs.js';
import type { EngineClient } from '../engineClient.js';
import { hasRoomForJob } from '../models/memoryCheck.js';
import { withoutIconsAndLinks, withoutLinks } from '../plainText.js';

type Client = Pick<EngineClient, 'request'>;

/**
 * Starts a job; asks first for secrets that have no value yet, and whether it is meant where there is less memory than it needs.
 * Undefined when the user thought better of it.
 */
export async function startJobAsking(client: EngineClient, jobId: string): Promise<Job | undefined> {
  for (const name of await client.request('jobs/missingSecrets', { jobId })) {
    const value = await vscode.window.showInputBox({
      title: withoutIconsAndLinks(`Value of ${name}`),
      prompt: 'Kept in the keychain of this computer, and given to the job when it starts.',
      password: true,
      ignoreFocusOut: true,
      validateInput: text => (text === '' ? 'Type it, or press Escape to cancel.' : undefined),
    });
    if (value === undefined) return undefined;
    await client.request('jobs/setSecret', { name, value });
  }
  const job = await client.request('jobs/get', { jobId });
  if (!(await hasRoomForJob(client, job))) return undefined;
  return await client.request('jobs/start', { jobId });
}

/** False when the user thought better of it. */
export async function deleteJobAsking(client: Client, job: Pick<Job, 'id' | 'name' | 'run'>): Promise<boolean> {
  const [both, here] = ['Delete with Files', job.run > 0 ? 'Keep Files on the Spark' : 'Delete'];
  const chosen = await vscode.window.showWarningMessage(
    withoutLinks(`Delete "${job.name}"?`),
    {
      modal: true,
      detail: job.run > 0 ? 'Its log and exit code are in a folder on the Spark, which can be deleted, too.' : '',
    },
    ...(job.run > 0 ? [both, here] : [here]),
  );
  if (chosen === undefined) return false;
  await client.request('jobs/delete', { jobId: job.id, remoteFiles: chosen === both });
  return true;
}
