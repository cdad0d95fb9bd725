import * as vscode from 'vscode';
import type { NoticeWay } from '../../shared/notify.js';
import { COMMANDS } from '../contributionData.js';
import { readSetting, registerCommand } from '../contributions.js';
import { withoutIconsAndLinks } from '../plainText.js';
import { attempt } from './interactive.js';
import type { CommandServices } from './services.js';

/** What has to be known to reach the user outside of the editor, and whether it works. */
export function registerNoticeCommands(services: CommandServices): vscode.Disposable {
  return vscode.Disposable.from(
    registerCommand(COMMANDS.setMailPassword, async () => {
      const user = readSetting('email.user') ?? '';
      await enter(services, 'email', {
        title: 'E-Mail Password',
        prompt:
          user === ''
            ? 'No user is set: fill in "Email: User" in the settings, if your mail server wants a login'
            : `Password of ${withoutIconsAndLinks(user)} at ${withoutIconsAndLinks(readSetting('email.host') ?? '')}; leave it empty to forget it`,
        saved: 'The password is in the keychain.',
      });
    }),
    registerCommand(COMMANDS.sendTestMail, async () => {
      await test(services, 'email');
    }),
    registerCommand(COMMANDS.setWebhook, async () => {
      await enter(services, 'webhook', {
        title: 'Webhook',
        prompt: 'Address that messages are posted to; kept in the keychain. Leave it empty to forget it',
        saved: 'The address is in the keychain.',
      });
    }),
    registerCommand(COMMANDS.sendTestWebhook, async () => {
      await test(services, 'webhook');
    }),
  );
}

interface Entry {
  readonly title: string;
  readonly prompt: string;
  readonly saved: string;
}

async function enter(services: CommandServices, way: NoticeWay, { title, prompt, saved }: Entry): Promise<void> {
  const value = await vscode.window.showInputBox({ title, prompt, password: true, ignoreFocusOut: true });
  if (value === undefined) return;
  await attempt(services, undefined, async () => {
    await services.client.request('notify/setSecret', { way, value });
    if (value === '') {
      void vscode.window.showInformationMessage('It is forgotten.');
      return;
    }
    const send = 'Send a Test';
    void vscode.window.showInformationMessage(saved, send).then(async chosen => {
      if (chosen === send) await test(services, way);
    });
  });
}

async function test(services: CommandServices, way: NoticeWay): Promise<void> {
  await attempt(services, undefined, async () => {
    const title = way === 'email' ? 'Sending a test mail' : 'Sending to the webhook';
    await vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title }, async () => {
      await services.client.request('notify/test', { way });
    });
    void vscode.window.showInformationMessage(
      way === 'email'
        ? withoutIconsAndLinks(`A test mail to ${readSetting('email.to')} is on its way.`)
        : 'The webhook has taken a test message.',
    );
  });
}
