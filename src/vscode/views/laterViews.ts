import * as vscode from 'vscode';
import { VIEWS } from '../contributionData.js';

const EMPTY: vscode.TreeDataProvider<never> = { getChildren: () => [], getTreeItem: (row: never) => row };

/** The views whose welcome texts say what will be there. */
export function registerLaterViews(): vscode.Disposable {
  return vscode.Disposable.from(
    ...[VIEWS.jobs, VIEWS.containers].map(id => vscode.window.registerTreeDataProvider(id, EMPTY)),
  );
}
