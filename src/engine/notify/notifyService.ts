import { SparkError } from '../../shared/errors.js';
import { NOTICE_SECRETS, type NoticeWay } from '../../shared/notify.js';
import type { EngineSettings } from '../../shared/settings.js';
import type { Clock } from '../base/clock.js';
import type { Disposable } from '../base/disposable.js';
import type { Logger } from '../base/logger.js';
import type { Keychain } from '../server/keychain.js';
import { mailIsSet, sendMail } from './mail.js';
import { type Notice, testNotice } from './notice.js';
import { postWebhook, readWebhookAddress, webhookBody } from './webhook.js';

/** A server that is away for a moment is tried again: so long after each failure. */
const RETRY_AFTER_MS = [20_000, 120_000];

export interface NotifyOptions {
  readonly settings: () => EngineSettings;
  readonly keychain: Pick<Keychain, 'get'>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Tells the user that something he relies on did not reach him. */
  readonly complain: (message: string) => void;
}

/** Sends what happened by e-mail and to a webhook, each where the user has set it up. */
export class NotifyService implements Disposable {
  private readonly over = new AbortController();
  /** Ways that have failed and were complained of; once until they work again. */
  private readonly broken = new Set<NoticeWay>();

  constructor(private readonly options: NotifyOptions) {}

  /** True once nothing is sent any more. */
  get isOver(): boolean {
    return this.over.signal.aborted;
  }

  /** Whether there is an address to send to. */
  async isSet(way: NoticeWay): Promise<boolean> {
    if (way === 'email') return mailIsSet(this.options.settings());
    return (await this.options.keychain.get(NOTICE_SECRETS.webhook)) !== undefined;
  }

  /** Sends a message that says that it is a test. Rejects with `noticeFailed`. */
  async test(way: NoticeWay): Promise<void> {
    await this.once(way, testNotice());
    this.broken.delete(way);
  }

  /** Sends, again where it fails; what fails for good is told. Resolves with whether it was sent; never rejects. */
  async send(way: NoticeWay, notice: Notice): Promise<boolean> {
    for (let attempt = 0; ; attempt += 1)
      try {
        await this.once(way, notice);
        this.broken.delete(way);
        return true;
      } catch (error) {
        const { message, hint } = SparkError.toInfo(error);
        this.options.log.warn(`${message} ${hint ?? ''}`.trim());
        const pause = RETRY_AFTER_MS[attempt];
        if (pause === undefined || !(await this.wait(pause))) {
          this.complain(way, `${message} ${hint ?? ''}`.trim());
          return false;
        }
      }
  }

  dispose(): void {
    this.over.abort();
  }

  private async once(way: NoticeWay, notice: Notice): Promise<void> {
    const { settings, keychain } = this.options;
    const secret = await keychain.get(NOTICE_SECRETS[way]);
    if (way === 'email') {
      await sendMail(settings(), secret, notice);
      return;
    }
    if (!secret)
      throw new SparkError({
        code: 'noticeFailed',
        field: 'webhook',
        message: 'No webhook is set.',
        hint: 'Run "DGX Spark: Set Webhook..." first.',
      });
    const url = readWebhookAddress(secret.reveal());
    await postWebhook(url, webhookBody(url, settings().webhookFormat, notice), this.over.signal);
  }

  private complain(way: NoticeWay, why: string): void {
    if (this.broken.has(way) || this.over.signal.aborted) return;
    this.broken.add(way);
    this.options.complain(`${way === 'email' ? 'An e-mail' : 'A webhook message'} could not be sent. ${why}`);
  }

  /** False when everything ends meanwhile. */
  private async wait(ms: number): Promise<boolean> {
    const { signal } = this.over;
    return await new Promise(resolve => {
      if (signal.aborted) {
        resolve(false);
        return;
      }
      const stop = () => {
        timer.dispose();
        resolve(false);
      };
      const timer = this.options.clock.after(ms, () => {
        signal.removeEventListener('abort', stop);
        resolve(true);
      });
      signal.addEventListener('abort', stop, { once: true });
    });
  }
}
