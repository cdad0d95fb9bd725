import * as vscode from 'vscode';

/**
 * What to tell the user when this extension runs on a remote machine instead of on their own: then "localhost" is that
 * machine's. Undefined where all is well. An editor in the browser has no other place to run extensions; there the
 * server is the user's own machine for our purposes.
 */
export function remoteHostRemark(context: vscode.ExtensionContext): string | undefined {
  const isElsewhere =
    vscode.env.remoteName !== undefined &&
    vscode.env.uiKind === vscode.UIKind.Desktop &&
    context.extension.extensionKind === vscode.ExtensionKind.Workspace;
  return isElsewhere
    ? 'DGX Spark runs on the remote machine of this window, so it connects nothing by itself here. Install it on your own computer instead.'
    : undefined;
}

/**
 * Whether this window works on another machine: programs there read the settings that are written here, and their
 * "localhost" is that machine's. An editor in the browser works where its server is.
 */
export function worksElsewhere(): boolean {
  return vscode.env.remoteName !== undefined && vscode.env.uiKind === vscode.UIKind.Desktop;
}
