import * as vscode from 'vscode';
import { SparkError } from '../../shared/errors.js';
import { remotePathSchema, type Folder } from '../../shared/files.js';
import type { EngineClient } from '../engineClient.js';
import { withoutIcons } from '../plainText.js';
import { endKind, shownName, sortEntries } from '../views/fileRows.js';
import { sentences } from '../wording.js';
import { folderOf, pathIn } from './sparkUri.js';
import * as v from 'valibot';

type Item = vscode.QuickPickItem & { readonly go?: string; readonly choose?: string };

export interface FolderPick {
  readonly title: string;
  /** Folder to begin in. */
  readonly start?: string | undefined;
  /** What the choice is called: "Use This Folder". */
  readonly choose?: string;
}

/** Lets the user walk through the folders of a Spark; the absolute path of the one they choose. */
export async function pickRemoteFolder(
  client: EngineClient,
  connectionId: string,
  { title, start = '~', choose = 'Use This Folder' }: FolderPick,
): Promise<string | undefined> {
  const pick = vscode.window.createQuickPick<Item>();
  pick.title = withoutIcons(title);
  pick.ignoreFocusOut = true;
  pick.matchOnDescription = true;
  let visit = 0;
  let current: Folder | undefined;

  const show = (folder: Folder) => {
    current = folder;
    const { path } = folder;
    pick.placeholder = withoutIcons(`${shownName(path)}: choose it, open a folder in it, or type a path`);
    const folders = sortEntries(folder.entries, true).filter(
      entry => endKind(entry) === 'folder' && entry.problem === undefined,
    );
    const ordered = [
      ...folders.filter(({ name }) => !name.startsWith('.')),
      ...folders.filter(({ name }) => name.startsWith('.')),
    ];
    pick.items = [
      { label: `$(check) ${choose}`, description: withoutIcons(shownName(path)), choose: path, alwaysShow: true },
      ...(path === '/'
        ? []
        : [{ label: '$(arrow-up) ..', description: withoutIcons(folderOf(path)), go: folderOf(path) }]),
      ...ordered.map(({ name }) => ({ label: `$(folder) ${withoutIcons(shownName(name))}`, go: pathIn(path, name) })),
    ];
  };
  const go = async (path: string): Promise<void> => {
    const turn = ++visit;
    pick.busy = true;
    try {
      const folder = await client.request('files/list', { connectionId, path });
      if (turn !== visit) return;
      pick.value = '';
      show(folder);
    } catch (error) {
      if (turn !== visit) return;
      const words = sentences(SparkError.toInfo(error));
      const back: Item[] = current ? [{ label: '$(arrow-left) Back', go: current.path, alwaysShow: true }] : [];
      const home: Item[] = current || path === '~' ? [] : [{ label: '$(home) Home folder', go: '~', alwaysShow: true }];
      pick.items = [
        { label: '$(warning) Not possible', detail: withoutIcons(words), alwaysShow: true },
        ...back,
        ...home,
      ];
    } finally {
      if (turn === visit) pick.busy = false;
    }
  };

  try {
    return await new Promise<string | undefined>(resolve => {
      pick.onDidAccept(() => {
        const typed = pick.value.trim();
        if (/^[/~]/.test(typed) && v.is(remotePathSchema, typed)) {
          void go(typed);
          return;
        }
        const [item] = pick.selectedItems;
        if (item?.choose !== undefined) resolve(item.choose);
        else if (item?.go !== undefined) void go(item.go);
      });
      pick.onDidHide(() => {
        resolve(undefined);
      });
      pick.show();
      void go(start);
    });
  } finally {
    visit += 1;
    pick.dispose();
  }
}
