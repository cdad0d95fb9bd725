import type { TerminalService, TerminalViewer } from '../terminals/terminalService.js';
import type { EngineHandlers, EngineListeners, Window } from './windows.js';

type Requests = Extract<keyof EngineHandlers, `terminals/${string}`>;

function viewerOf({ peer }: Window): TerminalViewer {
  return {
    gone: peer.closed,
    output: (terminalId, text) => peer.notify('terminals/output', { terminalId, text }),
    ended: end => peer.notify('terminals/ended', end),
  };
}

/** What the engine does for requests about terminals. */
export function terminalHandlers(
  terminals: TerminalService,
  shellIn: (container: string) => readonly string[],
  window: () => Window,
): Pick<EngineHandlers, Requests> {
  return {
    'terminals/open': async ({ connectionId, size, path, container }) => ({
      terminalId: await terminals.open(
        { connectionId, size, path, argv: container === undefined ? undefined : shellIn(container) },
        viewerOf(window()),
      ),
    }),
    'terminals/close': ({ terminalId }) => {
      terminals.close(viewerOf(window()), terminalId);
      return null;
    },
  };
}

/** What the engine does with what a window tells of its terminals. */
export function terminalListeners(terminals: TerminalService, window: () => Window): EngineListeners {
  return {
    'terminals/input': ({ terminalId, text }) => terminals.input(viewerOf(window()), terminalId, text),
    'terminals/resize': ({ terminalId, size }) => terminals.resize(viewerOf(window()), terminalId, size),
    'terminals/shown': ({ terminalId, characters }) => terminals.shown(viewerOf(window()), terminalId, characters),
  };
}
