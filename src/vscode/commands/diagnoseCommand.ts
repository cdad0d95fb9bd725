import type * as vscode from 'vscode';
import type { Diagnosis } from '../../shared/diagnosis.js';
import { COMMANDS } from '../contributionData.js';
import { registerCommand } from '../contributions.js';
import type { ReportDocuments } from '../reportDocument.js';
import { aboutConnection } from './interactive.js';
import { withCancellableProgress } from './quietProgress.js';
import type { CommandServices } from './services.js';

/** Finds out what is wrong with a connection. */
export function registerDiagnoseCommand(services: CommandServices, reports: ReportDocuments): vscode.Disposable {
  const { client } = services;
  const show = async (connectionId: string): Promise<Diagnosis> => {
    const name = client.connection(connectionId)?.name ?? 'connection';
    const diagnosis = await withCancellableProgress(
      `Diagnosing ${name}`,
      async signal => await client.request('connections/diagnose', { connectionId }, signal),
    );
    await reports.show(`Diagnosis of ${name}`, diagnosis.report);
    return diagnosis;
  };
  return registerCommand(
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
  );
}
