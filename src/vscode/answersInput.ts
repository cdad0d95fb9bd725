import * as vscode from 'vscode';
import type { Answer, Question } from '../shared/questions.js';
import { withoutIconsAndLinks } from './plainText.js';

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
  { connectionName, login, name, instructions, prompts, wrong }: Answers,
  { text, echo }: Answers['prompts'][number],
  index: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (signal.aborted) return undefined;
  const input = vscode.window.createInputBox();
  input.title = withoutIconsAndLinks(`${connectionName}: Question from ${login}`);
  // the editor puts its own words behind them
  const words = [name, instructions, text.replace(/[:\s]+$/, '')].filter(part => part !== '').join(' · ');
  input.prompt = withoutIconsAndLinks(words || 'An answer');
  if (wrong && index === 0) {
    input.validationMessage = {
      message: withoutIconsAndLinks(`${login} refused what was answered before. Try again.`),
      severity: vscode.InputBoxValidationSeverity.Error,
    };
    // the complaint takes the place of the prompt
    input.placeholder = words;
  }
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
      input.onDidChangeValue(() => {
        input.validationMessage = undefined;
      });
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
