import * as vscode from 'vscode';
import { VIEWS } from '../contributionData.js';
import { together } from '../emitter.js';
import { withoutLinks } from '../plainText.js';
import type { CommandServices } from './services.js';

/** What is done sooner than this needs no notification. */
const NOTIFY_AFTER_MS = 1000;

/**
 * Connects to a machine with as little noise as possible: the view's own progress bar at once, and only when it takes
 * longer a notification that can be cancelled. None while a question is open: the user is busy with that.
 */
export async function withQuietProgress<T>(
  { client, prompts }: CommandServices,
  connectionId: string,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const running = work(controller.signal);
  const settled = running.then(
    () => undefined,
    () => undefined,
  );
  void vscode.window.withProgress({ location: { viewId: VIEWS.connections } }, () => settled);
  const notify = () => {
    if (prompts.isAsking) {
      timer = setTimeout(notify, NOTIFY_AFTER_MS);
      return;
    }
    const title = withoutLinks(`Connecting to ${client.connection(connectionId)?.name ?? 'the Spark'}`);
    void vscode.window.withProgress(
      { location: vscode.ProgressLocation.Notification, title, cancellable: true },
      async (progress, token) => {
        const report = () => {
          const step = client.connection(connectionId)?.status.step;
          if (step !== undefined) progress.report({ message: withoutLinks(step) });
        };
        const listening = together(
          token.onCancellationRequested(() => {
            controller.abort();
          }),
          client.onDidChange(report),
        );
        report();
        await settled;
        listening.dispose();
      },
    );
  };
  let timer = setTimeout(notify, NOTIFY_AFTER_MS);
  try {
    return await running;
  } finally {
    clearTimeout(timer);
  }
}

/** Does something that the user waits for, with a notification that cancels it. */
export async function withCancellableProgress<T>(title: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  return await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: withoutLinks(title), cancellable: true },
    async (_progress, token) => {
      const controller = new AbortController();
      const listening = token.onCancellationRequested(() => {
        controller.abort();
      });
      try {
        return await work(controller.signal);
      } finally {
        listening.dispose();
      }
    },
  );
}
