import type { Alert } from '../../shared/alerts.js';
import type { Job } from '../../shared/jobs.js';
import { NOTICE_SECRETS, type NoticeWay } from '../../shared/notify.js';
import type { EngineSettings } from '../../shared/settings.js';
import { type Disposable, DisposableStore } from '../base/disposable.js';
import type { Event } from '../base/emitter.js';
import { Secret } from '../base/secret.js';
import type { Keychain } from '../server/keychain.js';
import { JobEnds, type JobEndParts } from './jobEnds.js';
import { noticeOfAlert } from './notice.js';
import { NotifyService, type NotifyOptions } from './notifyService.js';
import { readWebhookAddress } from './webhook.js';

export interface OutsideOptions extends NotifyOptions {
  readonly keychain: Keychain;
  readonly onDidRaise: Event<Alert>;
  readonly jobs: Pick<JobEndParts, 'tail' | 'markSent'> & { readonly onDidChange: Event<readonly Job[]> };
  /** Name of a connection. */
  readonly machine: (connectionId: string) => string;
}

/** Tells outside of the editor what happens: alerts where the settings say so, ends of jobs where the job does. */
export class Outside implements Disposable {
  private readonly held = new DisposableStore();
  private readonly notify: NotifyService;

  constructor(private readonly options: OutsideOptions) {
    const { onDidRaise, jobs, machine } = options;
    this.notify = this.held.add(new NotifyService(options));
    const ends = new JobEnds({ notify: this.notify, machine, tail: jobs.tail, markSent: jobs.markSent });
    this.held.add(jobs.onDidChange(all => ends.take(all)));
    this.held.add(onDidRaise(alert => void this.alert(alert)));
  }

  /** Rejects with `noticeFailed`. */
  async test(way: NoticeWay): Promise<void> {
    await this.notify.test(way);
  }

  /** Keeps what a way needs in the keychain; an empty text forgets it. Rejects with `noticeFailed` for what is no address. */
  async setSecret(way: NoticeWay, value: string): Promise<void> {
    const { keychain } = this.options;
    if (value === '') await keychain.delete(NOTICE_SECRETS[way]);
    else {
      const text = way === 'webhook' ? readWebhookAddress(value).href : value;
      await keychain.store(NOTICE_SECRETS[way], new Secret(text));
    }
  }

  async forgetSecrets(): Promise<void> {
    for (const key of Object.values(NOTICE_SECRETS)) await this.options.keychain.delete(key);
  }

  dispose(): void {
    this.held.dispose();
  }

  private async alert(alert: Alert): Promise<void> {
    const { settings, machine } = this.options;
    const notice = noticeOfAlert(alert, machine(alert.connectionId));
    for (const way of ['email', 'webhook'] as const)
      if (wants(way, settings()) && (await this.notify.isSet(way))) await this.notify.send(way, notice);
  }
}

function wants(way: NoticeWay, { emailAlerts, webhookAlerts }: EngineSettings): boolean {
  return way === 'email' ? emailAlerts : webhookAlerts;
}
