import * as v from 'valibot';

/** How a webhook wants to be spoken to; `auto` goes by its host and sends JSON to those it does not know. */
export const WEBHOOK_FORMATS = ['auto', 'json', 'slack', 'discord', 'ntfy'] as const;
export type WebhookFormat = (typeof WEBHOOK_FORMATS)[number];

/** `tls` from the first byte (port 465), `starttls` and nothing without it (587), or `none`. */
export const MAIL_SECURITIES = ['starttls', 'tls', 'none'] as const;
export type MailSecurity = (typeof MAIL_SECURITIES)[number];

/** Ways out of the editor; `machineWebhook` is sent by the machine itself. */
export const JOB_NOTICES = ['email', 'webhook', 'machineWebhook'] as const;
export const jobNoticeSchema = v.picklist(JOB_NOTICES);
export type JobNotice = v.InferOutput<typeof jobNoticeSchema>;

export const noticeWaySchema = v.picklist(['email', 'webhook']);
export type NoticeWay = v.InferOutput<typeof noticeWaySchema>;

/** Where the window that is asked keeps them: in the keychain, since whoever has them can send in the user's name. */
export const NOTICE_SECRETS: Readonly<Record<NoticeWay, string>> = {
  email: 'notify:mail-password',
  webhook: 'notify:webhook-address',
};
