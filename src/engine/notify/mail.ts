import { isIP } from 'node:net';
import nodemailer from 'nodemailer';
import { SparkError } from '../../shared/errors.js';
import type { EngineSettings } from '../../shared/settings.js';
import { printable } from '../base/remoteText.js';
import type { Secret } from '../base/secret.js';
import type { Notice } from './notice.js';

const CONNECT_MS = 15_000;
const SILENCE_MS = 30_000;
const MOST_SUBJECT = 180;

export type MailSettings = Pick<
  EngineSettings,
  'emailHost' | 'emailPort' | 'emailSecurity' | 'emailUser' | 'emailFrom' | 'emailTo'
>;

/** Whether enough is set for a mail to have somewhere to go. */
export function mailIsSet({ emailHost, emailTo }: MailSettings): boolean {
  return emailHost.trim() !== '' && emailTo.trim() !== '';
}

/**
 * Sends one plain text mail. The server's certificate is verified, and a password is never sent in the clear to another computer.
 * Rejects with `noticeFailed`.
 */
export async function sendMail(settings: MailSettings, password: Secret | undefined, notice: Notice): Promise<void> {
  const { emailHost: host, emailPort: port, emailSecurity: security, emailUser: user, emailTo: to } = settings;
  if (!mailIsSet(settings))
    throw failed('It is not set where mail goes.', 'Fill in "DGX Spark: Email" in the settings: host and recipient.');
  if (user !== '' && !password)
    throw failed(
      `There is no password for ${user} at ${host} in the keychain.`,
      'Run "DGX Spark: Set E-Mail Password...".',
    );
  if (user !== '' && security === 'none' && !isThisComputer(host))
    throw failed(
      'A password is not sent to a mail server without encryption.',
      'Set "DGX Spark: Email: Security" to starttls or tls.',
    );
  const transport = nodemailer.createTransport({
    ...{ host, port, secure: security === 'tls', requireTLS: security === 'starttls', ignoreTLS: security === 'none' },
    ...(user !== '' && password && { auth: { user, pass: password.reveal() } }),
    ...{ connectionTimeout: CONNECT_MS, greetingTimeout: CONNECT_MS, socketTimeout: SILENCE_MS },
    // nothing in a message may make it read a file or fetch an address
    ...{ disableFileAccess: true, disableUrlAccess: true },
  });
  try {
    await transport.sendMail({
      from: settings.emailFrom.trim() || (user.includes('@') ? user : firstOf(to)),
      ...{ to, subject: notice.title.slice(0, MOST_SUBJECT), text: [notice.title, notice.text].join('\n\n') },
      // out-of-office answers to a machine help nobody
      headers: { 'Auto-Submitted': 'auto-generated' },
    });
  } catch (error) {
    throw mailFailure(error, settings);
  } finally {
    transport.close();
  }
}

function mailFailure(error: unknown, { emailHost, emailPort, emailUser }: MailSettings): SparkError {
  const { code, response, message } = error as { code?: unknown; response?: unknown; message?: unknown };
  const where = `${emailHost}:${emailPort}`;
  const said = typeof response === 'string' ? ` It said: ${printable(response, 200)}` : '';
  switch (code) {
    case 'EAUTH':
      // what it said may repeat what it was told
      return failed(
        `${where} refused the login of ${emailUser}.`,
        'Run "DGX Spark: Set E-Mail Password..."; some providers want an app password.',
      );
    case 'EENVELOPE':
    case 'EMESSAGE':
      return failed(`${where} refused the mail.${said}`, 'Check the sender and the recipients in the settings.');
    case 'ETLS':
      return failed(
        `${where} offers no encryption (STARTTLS).`,
        'Set "DGX Spark: Email: Security" to tls, or the port that your provider names.',
      );
    case 'EDNS':
      return failed(`The mail server ${emailHost} was not found.`, 'Check its name in the settings.');
    case 'ETIMEDOUT':
      return failed(
        `The mail server ${where} does not answer.`,
        'Check host and port; 587 goes with starttls, 465 with tls.',
      );
    default: {
      const why = typeof message === 'string' ? ` ${printable(message, 200)}` : '';
      const hint = /certificate|self.signed|altnames/i.test(why)
        ? 'Use the name that its certificate is made out to, or have your computer trust its issuer.'
        : 'Check host, port and security in the settings; 587 goes with starttls, 465 with tls.';
      return failed(`The mail server ${where} could not be used.${why}`, hint);
    }
  }
}

function firstOf(addresses: string): string {
  return addresses.split(',')[0]?.trim() ?? addresses;
}

function isThisComputer(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

function failed(message: string, hint: string): SparkError {
  return new SparkError({ code: 'noticeFailed', message, hint, field: 'email' });
}
