import * as vscode from 'vscode';
import type { Answer, Question } from '../shared/questions.js';
import { askAnswers } from './answersInput.js';
import { askConflict } from './conflictInput.js';
import { withoutLinks } from './plainText.js';
import { CANCELLED, untilAborted } from './prompts.js';
import { askSecret } from './secretInput.js';
import { shortPath } from './shortPath.js';

/** Shows one question to the user; resolves with `cancelled` when it is closed or `signal` fires. */
export async function showQuestion(question: Question, signal: AbortSignal): Promise<Answer> {
  if (signal.aborted) return CANCELLED;
  switch (question.kind) {
    case 'hostKey':
      return await untilAborted(askHostKey(question), signal);
    case 'portBusy':
      return await untilAborted(askPort(question), signal);
    case 'outsideFile':
      return await untilAborted(askOutsideFile(question), signal);
    case 'answers':
      return await askAnswers(question, signal);
    case 'fileConflict':
      return await askConflict(question, signal);
    case 'passphrase':
      return await askSecret(
        {
          title: `${question.connectionName}: Passphrase of the Private Key`,
          prompt: `Passphrase for ${shortPath(question.keyPath)}`,
          complaint: question.wrong
            ? `This passphrase did not open ${shortPath(question.keyPath)}. Try again.`
            : undefined,
        },
        signal,
      );
    case 'password':
      return await askSecret(
        {
          title: `${question.connectionName}: Password`,
          prompt: `Password for ${question.login}`,
          complaint: question.wrong ? `${question.login} refused the login. Type the password again.` : undefined,
        },
        signal,
      );
  }
}

async function askHostKey(question: Extract<Question, { kind: 'hostKey' }>): Promise<Answer> {
  const trust = 'Trust and Connect';
  const chosen = await vscode.window.showWarningMessage(
    withoutLinks(`${question.connectionName}: do you trust ${question.host}?`),
    {
      modal: true,
      detail: [
        `You have not trusted this machine before. Its ${withoutLinks(question.keyType)} key has this fingerprint:`,
        withoutLinks(question.fingerprint),
        ...(question.note === undefined ? [] : [withoutLinks(question.note)]),
        'To be sure that it is the right machine, compare it with what this command prints there:',
        `ssh-keygen -lf /etc/ssh/ssh_host_${withoutLinks(question.keyType).toLowerCase()}_key.pub`,
        question.file === ''
          ? 'Your SSH config names no file to save it in, so you are asked again each time.'
          : `If you trust it, the key is saved in ${withoutLinks(shortPath(question.file))}.`,
      ].join('\n\n'),
    },
    trust,
  );
  return chosen === trust ? { kind: 'yes' } : CANCELLED;
}

async function askOutsideFile(question: Extract<Question, { kind: 'outsideFile' }>): Promise<Answer> {
  const read = 'Let It Read the File';
  const chosen = await vscode.window.showWarningMessage(
    withoutLinks(`The chain ${shortPath(question.chain)} wants to read a file outside of its workspace folder.`),
    {
      modal: true,
      detail: withoutLinks(`${shortPath(question.path)}\n\nWhat is in it is sent to the model.`),
    },
    read,
  );
  return chosen === read ? { kind: 'yes' } : CANCELLED;
}

async function askPort(question: Extract<Question, { kind: 'portBusy' }>): Promise<Answer> {
  const use = `Use ${question.free}`;
  const chosen = await vscode.window.showWarningMessage(
    withoutLinks(
      `Port ${question.port} is in use by ${question.holder ?? 'another program'}. Use ${question.free} instead?`,
    ),
    {
      modal: true,
      detail: `Ollama of ${withoutLinks(question.connectionName)} is then on localhost:${question.free}, and dgxSpark.ollama.endpoint says so.`,
    },
    use,
  );
  return chosen === use ? { kind: 'yes' } : CANCELLED;
}
