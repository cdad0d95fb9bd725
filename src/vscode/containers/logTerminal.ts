import * as vscode from 'vscode';
import { SparkError } from '../../shared/errors.js';
import type { EngineClient } from '../engineClient.js';
import { withoutIcons } from '../plainText.js';
import { sentences } from '../wording.js';
import { TerminalText } from './terminalText.js';

/** Lines of the past that a log begins with. */
const TAIL = 1000;

/** Follows the log of a container in a terminal tab: its colours, its search, its scrollback. Closing it ends the following. */
export function followLogs(
  client: EngineClient,
  {
    connectionId,
    container,
    name,
  }: { readonly connectionId: string; readonly container: string; readonly name: string },
): vscode.Terminal {
  const write = new vscode.EventEmitter<string>();
  const stop = new AbortController();
  const text = new TerminalText();
  const follow = async () => {
    try {
      await client.printing(
        'containers/followLogs',
        { connectionId, container, tail: TAIL },
        piece => {
          write.fire(text.write(piece));
        },
        stop.signal,
      );
      say('The container has ended. Press Enter to follow it again.');
    } catch (error) {
      if (!stop.signal.aborted) say(`${sentences(SparkError.toInfo(error))} Press Enter to follow it again.`);
    }
    isFollowing = false;
  };
  const say = (sentence: string) => {
    write.fire(`\r\n\u001b[2m${new TerminalText().write(sentence)}\u001b[0m\r\n`);
  };
  let isFollowing = false;
  const begin = () => {
    if (isFollowing) return;
    isFollowing = true;
    void follow();
  };
  const terminal = vscode.window.createTerminal({
    name: `Logs: ${withoutIcons(name)}`,
    iconPath: new vscode.ThemeIcon('output'),
    isTransient: true,
    pty: {
      onDidWrite: write.event,
      open: begin,
      handleInput: (typed: string) => {
        if (typed === '\r') begin();
      },
      close: () => {
        stop.abort();
        write.dispose();
      },
    },
  });
  terminal.show();
  return terminal;
}
