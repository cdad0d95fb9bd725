import * as vscode from 'vscode';
import type { Diagnosis } from '../../shared/diagnosis.js';
import { COMMANDS } from '../contributionData.js';
import { registerCommand } from '../contributions.js';
import { withoutLinks } from '../plainText.js';
import { ReportDocuments } from '../reportDocument.js';
import { aboutConnection } from './interactive.js';
import type { CommandServices } from './services.js';

/** Finds out what is wrong with a connection. */
export function registerDiagnoseCommand(services: CommandServices): vscode.Disposable {
  const { client } = services;
  const reports = new ReportDocuments();
  const show = async (connectionId: string): Promise<Diagnosis> => {
    const name = client.connection(connectionId)?.name ?? 'connection';
    const diagnosis = await vscode.window.withProgress(
      {
        location: vscode.ProgressLocation.Notification,
        title: withoutLinks(`Diagnosing ${name}`),
        cancellable: true,
      },
      async (_progress, token) => {
        const controller = new AbortController();
        token.onCancellationRequested(() => {
          controller.abort();
        });
        return await client.request('connections/diagnose', { connectionId }, controller.signal);
      },
    );
    await reports.show(`Diagnosis of ${name}`, diagnosis.report);
    return diagnosis;
  };
  return vscode.Disposable.from(
    reports,
    registerCommand(
      COMMANDS.diagnose,
      async first =>
        await aboutConnection(
          services,
          first,
          { title: 'Diagnose Connection', fits: () => true, noneFits: '' },
          {
            argument: async connectionId => await client.request('connections/diagnose', { connectionId }),
            interactive: show,
          },
        ),
    ),
  );
}
