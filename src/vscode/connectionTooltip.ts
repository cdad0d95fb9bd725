import * as vscode from 'vscode';
import type { ConnectionView } from '../shared/connection.js';
import { escapeMarkdown } from './plainText.js';
import { factsOf } from './wording.js';

/** Everything worth knowing about a connection. What users typed and machines said stays plain text. */
export function connectionTooltip(
  connection: ConnectionView,
  extra: readonly [string, string][] = [],
): vscode.MarkdownString {
  return plainTooltip(connection.name, [...factsOf(connection, Date.now()), ...extra]);
}

/** A title and facts, of which nothing is a link or a picture. */
export function plainTooltip(title: string, facts: readonly [string, string][]): vscode.MarkdownString {
  const tooltip = new vscode.MarkdownString(
    [`**${escapeMarkdown(title)}**`, ...facts.map(([heading, text]) => `${heading}: ${escapeMarkdown(text)}`)].join(
      '  \n',
    ),
  );
  tooltip.isTrusted = false;
  tooltip.supportHtml = false;
  return tooltip;
}
