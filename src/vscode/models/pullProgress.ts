import * as vscode from 'vscode';
import type { EngineClient } from '../engineClient.js';
import { withoutLinks } from '../plainText.js';
import { percent, pullText } from './modelWords.js';

/** Pulls a model with a notification that shows how far it is and cancels it. Resolves when it is installed. */
export async function watchPull(
  client: EngineClient,
  { connectionId, model, title }: { readonly connectionId: string; readonly model: string; readonly title: string },
): Promise<void> {
  await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: withoutLinks(title), cancellable: true },
    async (progress, token) => {
      let shown = 0;
      const listening = [
        token.onCancellationRequested(() => void client.request('ollama/cancelPull', { connectionId, model })),
        client.onDidPull(pulls => {
          const pull = pulls.find(one => one.connectionId === connectionId && one.model === model);
          if (!pull) return;
          const { completedBytes, totalBytes } = pull;
          const now = completedBytes === null || !totalBytes ? shown : percent(completedBytes, totalBytes);
          progress.report({ message: withoutLinks(pullText(pull)), increment: Math.max(0, now - shown) });
          shown = Math.max(shown, now);
        }),
      ];
      try {
        await client.request('ollama/pull', { connectionId, model });
      } finally {
        for (const item of listening) item.dispose();
      }
    },
  );
}
