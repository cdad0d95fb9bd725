import process from 'node:process';
import { TestWindow } from '../../support/window.js';

/*
 * A plain client process for the start race: told a storage folder it attaches and answers with the engine's pid; told
 * to leave it goes. One process plays many rounds.
 */
let window: TestWindow | undefined;

async function act(message: { storage?: string; end?: boolean }): Promise<unknown> {
  if (message.storage !== undefined) {
    window = await TestWindow.open({ storage: message.storage });
    return { pid: await window.enginePid(), clients: (await window.peer.request('engine/info', {})).clients };
  }
  if (message.end) await window?.endEngine();
  else window?.close();
  window = undefined;
  return { left: true };
}

process.on('message', (message: { storage?: string; end?: boolean }) => {
  act(message).then(
    answer => process.send?.(answer),
    (error: unknown) => process.send?.({ failed: error instanceof Error ? error.message : String(error) }),
  );
});
process.on('disconnect', () => process.exit(0));
