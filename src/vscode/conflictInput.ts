import * as vscode from 'vscode';
import type { Answer, Question } from '../shared/questions.js';
import type { ConflictChoice } from '../shared/transfers.js';
import { withoutIcons } from './plainText.js';
import { bytes } from './wording.js';

type Conflict = Extract<Question, { kind: 'fileConflict' }>;
type Item = vscode.QuickPickItem & { readonly answer?: Extract<Answer, { kind: 'conflict' }> };

const WORDS: Readonly<Record<ConflictChoice, [one: string, all: string, icon: string]>> = {
  overwrite: ['Overwrite', 'Overwrite All', 'replace'],
  keepBoth: ['Keep Both', 'Keep Both for All', 'files'],
  skip: ['Skip', 'Skip All', 'debug-step-over'],
};

/** Asks what is to become of a file whose name is taken, and where more follow, of all of them. */
export async function askConflict(question: Conflict, signal: AbortSignal): Promise<Answer> {
  if (signal.aborted) return { kind: 'cancelled' };
  const pick = vscode.window.createQuickPick<Item>();
  const where = question.direction === 'upload' ? `on ${question.connectionName}` : 'on this computer';
  pick.title = withoutIcons(`"${question.name}" Is There Already`);
  pick.placeholder = withoutIcons(`In ${question.folder} ${where}: what should be done?`);
  pick.ignoreFocusOut = true;
  pick.items = itemsFor(question);
  const abort = () => {
    pick.hide();
  };
  signal.addEventListener('abort', abort);
  try {
    return await new Promise<Answer>(resolve => {
      pick.onDidAccept(() => {
        const [item] = pick.selectedItems;
        if (item?.answer) resolve(item.answer);
      });
      pick.onDidHide(() => {
        resolve({ kind: 'cancelled' });
      });
      pick.show();
    });
  } finally {
    signal.removeEventListener('abort', abort);
    pick.dispose();
  }
}

function itemsFor({ choices, more, coming, there }: Conflict): Item[] {
  const details: Readonly<Record<ConflictChoice, string>> = {
    overwrite: `With ${versionText(coming)} instead of ${versionText(there)}`,
    keepBoth: 'The one that comes gets a number behind its name',
    skip: 'The one that is there stays as it is',
  };
  const item = (choice: ConflictChoice, forAll: boolean): Item => ({
    label: `$(${WORDS[choice][2]}) ${WORDS[choice][forAll ? 1 : 0]}`,
    ...(forAll ? {} : { detail: details[choice] }),
    answer: { kind: 'conflict', choice, forAll },
  });
  if (more === 0) return choices.map(choice => item(choice, false));
  return [
    ...choices.map(choice => item(choice, false)),
    {
      label: more === 1 ? 'and the one that follows' : `and the ${more} that follow`,
      kind: vscode.QuickPickItemKind.Separator,
    },
    ...choices.map(choice => item(choice, true)),
  ];
}

function versionText({ kind, size, mtime }: Conflict['there']): string {
  const what =
    kind === 'file' ? bytes(size) : kind === 'folder' ? 'a folder' : kind === 'link' ? 'a link' : 'no ordinary file';
  return `${what} of ${new Date(mtime).toLocaleString()}`;
}
