import * as vscode from 'vscode';
import type { ConnectionState } from '../shared/connection.js';
import { COLORS } from './contributionData.js';

/** Codicon of each state, without the `$()`. */
export const STATE_ICONS: Readonly<Record<ConnectionState, string>> = {
  disconnected: 'vm-outline',
  connecting: 'loading~spin',
  connected: 'vm-active',
  reconnecting: 'sync~spin',
  error: 'error',
};

const STATE_COLORS: Readonly<Record<ConnectionState, string | undefined>> = {
  disconnected: undefined,
  connecting: COLORS.connecting,
  connected: COLORS.connected,
  reconnecting: COLORS.connecting,
  error: COLORS.error,
};

/** Icon of a state in its colour. */
export function stateIcon(state: ConnectionState): vscode.ThemeIcon {
  const color = STATE_COLORS[state];
  return new vscode.ThemeIcon(STATE_ICONS[state], color === undefined ? undefined : new vscode.ThemeColor(color));
}
