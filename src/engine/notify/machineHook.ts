import type { Job } from '../../shared/jobs.js';
import { SparkError } from '../../shared/errors.js';
import { NOTICE_SECRETS, type WebhookFormat } from '../../shared/notify.js';
import type { Keychain } from '../server/keychain.js';
import { noticeOfJob } from './notice.js';
import { readWebhookAddress, webhookBody } from './webhook.js';

/** Stands in a body for the exit code, which is not known before. */
export const EXIT_PLACE = '@EXIT@';

/** What a machine needs to post the end of a job by itself. */
export interface MachineHook {
  /** For `curl --config`, so that the address stands in nobody's arguments. */
  readonly config: string;
  /** What is posted when the job completes. */
  readonly completed: string;
  /** What is posted when it fails, with {@link EXIT_PLACE} in it. */
  readonly failed: string;
}

export interface HookParts {
  readonly keychain: Pick<Keychain, 'get'>;
  readonly format: () => WebhookFormat;
  /** Name of a connection. */
  readonly machine: (connectionId: string) => string;
}

/** Undefined for a job whose end its machine does not post. Rejects with `launchFailed` where there is no address to post to. */
export async function machineHook(job: Job, parts: HookParts): Promise<MachineHook | undefined> {
  if (!job.config.notify.includes('machineWebhook')) return undefined;
  const secret = await parts.keychain.get(NOTICE_SECRETS.webhook);
  if (!secret)
    throw new SparkError({
      code: 'launchFailed',
      message: 'Its end is to be posted to a webhook, and none is set.',
      hint: 'Run "DGX Spark: Set Webhook...", then start the job again.',
    });
  const url = readWebhookAddress(secret.reveal());
  const [completed, failed] = (['completed', 'failed'] as const).map(status => {
    const reason = status === 'failed' ? `It ended with exit code ${EXIT_PLACE}.` : null;
    // a code that is not 0 is known at the end alone
    const exitCode = status === 'completed' ? 0 : null;
    const ended: Job = { ...job, status, reason, exitCode, startedAt: null, completedAt: null, metrics: null };
    return webhookBody(url, parts.format(), noticeOfJob(ended, parts.machine(job.connectionId), []));
  });
  return {
    config: `url = ${quoted(url.href)}\nheader = ${quoted(`Content-Type: ${completed?.contentType ?? ''}`)}\n`,
    ...{ completed: completed?.body ?? '', failed: failed?.body ?? '' },
  };
}

/** As curl reads a value of its configuration. */
function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}
