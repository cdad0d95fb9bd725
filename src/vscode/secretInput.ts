import * as vscode from 'vscode';
import type { Answer } from '../shared/questions.js';
import { withoutIconsAndLinks } from './plainText.js';

/** What the box says. */
export interface SecretRequest {
  readonly title: string;
  readonly prompt: string;
  /** Why the one before did not do. */
  readonly complaint: string | undefined;
}

/**
 * Asks for a password or passphrase. A button in the title, reachable with Tab, chooses whether it is kept in the
 * keychain; the box says which is chosen.
 */
export async function askSecret(request: SecretRequest, signal: AbortSignal): Promise<Answer> {
  const input = vscode.window.createInputBox();
  let remember = false;
  const draw = () => {
    input.buttons = [
      {
        iconPath: new vscode.ThemeIcon(remember ? 'pass-filled' : 'save'),
        tooltip: remember ? 'Do Not Remember' : 'Remember in the Keychain',
      },
    ];
    const fate = remember
      ? 'Will be remembered in the keychain'
      : 'Kept until you disconnect; press the button above to remember it';
    input.prompt = withoutIconsAndLinks(`${request.prompt}. ${fate}.`);
    // a complaint takes the place of the prompt, so the choice is then said here
    input.placeholder = request.complaint === undefined ? '' : fate;
  };
  input.title = withoutIconsAndLinks(request.title);
  input.password = true;
  input.ignoreFocusOut = true;
  if (request.complaint !== undefined)
    input.validationMessage = {
      message: withoutIconsAndLinks(request.complaint),
      severity: vscode.InputBoxValidationSeverity.Error,
    };
  draw();
  const abort = () => {
    input.hide();
  };
  signal.addEventListener('abort', abort);
  try {
    return await new Promise<Answer>(resolve => {
      input.onDidTriggerButton(() => {
        remember = !remember;
        draw();
      });
      input.onDidChangeValue(() => {
        input.validationMessage = undefined;
      });
      input.onDidAccept(() => {
        if (input.value === '') input.validationMessage = 'Type it, or press Escape to cancel.';
        else resolve({ kind: 'secret', secret: input.value, remember });
      });
      input.onDidHide(() => {
        resolve({ kind: 'cancelled' });
      });
      input.show();
    });
  } finally {
    signal.removeEventListener('abort', abort);
    input.dispose();
  }
}
