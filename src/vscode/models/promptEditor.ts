import * as vscode from 'vscode';
import type { ChatEnd } from '../../shared/ollama.js';
import type { EngineClient } from '../engineClient.js';

/** Text is put into the editor this often: each token as an edit of its own makes the editor slow. */
const WRITE_EVERY_MS = 60;

/**
 * Asks a model something and streams the answer into a new document; resolves with the answer. Closing the document, or
 * the signal, ends it.
 */
export async function askIntoEditor(
  client: EngineClient,
  { connectionId, model, prompt }: { readonly connectionId: string; readonly model: string; readonly prompt: string },
  signal: AbortSignal,
): Promise<string> {
  const document = await vscode.workspace.openTextDocument({
    language: 'markdown',
    content: `> ${prompt.replaceAll('\n', '\n> ')}\n\n`,
  });
  await vscode.window.showTextDocument(document, { preview: false });
  const stop = new AbortController();
  const closing = vscode.workspace.onDidCloseTextDocument(closed => {
    if (closed === document) stop.abort();
  });
  const writer = new DocumentWriter(document);
  let answer = '';
  let isThinking = false;
  try {
    const end = await client.chat(
      { connectionId, model, messages: [{ role: 'user', content: prompt }] },
      part => {
        if (part.kind === 'toolCall') return;
        const thinks = part.kind === 'thinking';
        if (thinks !== isThinking)
          writer.write(thinks ? '<details><summary>Thinking</summary>\n\n' : '\n\n</details>\n\n');
        isThinking = thinks;
        if (!thinks) answer += part.text;
        writer.write(part.text);
      },
      AbortSignal.any([signal, stop.signal]),
    );
    writer.write(`\n\n<!-- ${model}: ${endText(end)} -->\n`);
    return answer;
  } finally {
    closing.dispose();
    await writer.done();
  }
}

function endText({ reason, answerTokens }: ChatEnd): string {
  const tokens = answerTokens === null ? '' : `, ${answerTokens} tokens`;
  return `${reason === 'stop' ? 'complete' : `ended by ${reason.replace(/[^\w ]/g, '')}`}${tokens}`;
}

/** Appends to a document, a few times a second, one edit after the other. */
class DocumentWriter {
  private waiting = '';
  private timer: NodeJS.Timeout | undefined;
  private last: Promise<void> = Promise.resolve();

  constructor(private readonly document: vscode.TextDocument) {}

  write(text: string): void {
    this.waiting += text;
    this.timer ??= setTimeout(() => {
      this.flush();
    }, WRITE_EVERY_MS);
  }

  async done(): Promise<void> {
    this.flush();
    await this.last;
  }

  private flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.last = this.last.then(async () => {
      const text = this.waiting;
      this.waiting = '';
      if (text === '' || this.document.isClosed) return;
      const edit = new vscode.WorkspaceEdit();
      edit.insert(this.document.uri, this.document.lineAt(this.document.lineCount - 1).range.end, text);
      await vscode.workspace.applyEdit(edit);
    });
  }
}
