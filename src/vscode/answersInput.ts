import * as vscode from 'vscode';
import type { Answer, Question } from '../shared/questions.js';
import { withoutIcons } from './plainText.js';

type Answers = Extract<Question, { kind: 'answers' }>;

/**
 * Asks what a server asks, one box a prompt, hidden or not as the server says. Nothing of it is offered to be kept: it
 * may be a code that counts once. The words are the server's, so the box says whose they are.
 */
export async function askAnswers(question: Answers, signal: AbortSignal): Promise<Answer> {
  const answers: string[] = [];
  for (const [index, prompt] of question.prompts.entries()) {
    const answer = await askOne(question, prompt, index, signal);
    if (answer === undefined) return { kind: 'cancelled' };
    answers.push(answer);
  }
  return { kind: 'answers', answers };
}

/** Undefined when the user closes the box or `signal` fires. An empty answer is one: a server may only want Enter. */
async function askOne(
  { connectionName, login, name, instructions, prompts }: Answers,
  { text, echo }: Answers['prompts'][number],
  index: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (signal.aborted) return undefined;
  const input = vscode.window.createInputBox();
  input.title = withoutIcons(`${connectionName}: ${login} Asks`);
  input.prompt = withoutIcons([name, instructions, text].filter(part => part !== '').join(' · ') || 'An answer');
  input.password = !echo;
  input.ignoreFocusOut = true;
  if (prompts.length > 1) {
    input.step = index + 1;
    input.totalSteps = prompts.length;
  }
  const abort = () => {
    input.hide();
  };
  signal.addEventListener('abort', abort);
  try {
    return await new Promise<string | undefined>(resolve => {
      input.onDidAccept(() => {
        resolve(input.value);
      });
      input.onDidHide(() => {
        resolve(undefined);
      });
      input.show();
    });
  } finally {
    signal.removeEventListener('abort', abort);
    input.dispose();
  }
}
