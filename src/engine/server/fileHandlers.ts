import { SparkError } from '../../shared/errors.js';
import type { ConnectionService } from '../connections/connectionService.js';
import type { FileService } from '../files/fileService.js';
import type { AskConflict } from '../files/transfers/types.js';
import type { TransferService } from '../files/transfers/transferService.js';
import { askThrough } from './questions.js';
import type { EngineHandlers, Window, Windows } from './windows.js';

type Requests = Extract<keyof EngineHandlers, `files/${string}` | `transfers/${string}`>;

export interface FileHandlerParts {
  readonly windows: Windows;
  readonly connections: ConnectionService;
  readonly files: FileService;
  readonly transfers: TransferService;
}

/** What the engine does for requests about files. */
export function fileHandlers(parts: FileHandlerParts, window: () => Window): Pick<EngineHandlers, Requests> {
  const { windows, connections, files, transfers } = parts;
  /** Fires when the window that asks goes away. */
  const gone = () => window().peer.closed;
  const askConflict = (connectionId: string): AskConflict => {
    const ask = askThrough(windows, window());
    return async (question, signal) => {
      const about = { connectionId, connectionName: connections.get(connectionId).name };
      const answer = await ask({ kind: 'fileConflict', ...about, ...question }, signal);
      if (answer.kind !== 'conflict') throw new SparkError({ code: 'cancelled', message: 'Cancelled.' });
      return answer;
    };
  };
  return {
    'files/home': async ({ connectionId }) => ({ path: await files.home(connectionId) }),
    'files/stat': async ({ connectionId, path }) => await files.stat(connectionId, path),
    'files/statAll': async ({ connectionId, paths }) => await files.statAll(connectionId, paths),
    'files/list': async ({ connectionId, path }) => await files.list(connectionId, path),
    'files/makeFolder': async ({ connectionId, path }) => {
      await files.makeFolder(connectionId, path);
      return null;
    },
    'files/delete': async ({ connectionId, path, recursive }) => {
      await files.delete(connectionId, path, recursive);
      return null;
    },
    'files/rename': async ({ connectionId, from, to, overwrite }) => {
      await files.rename(connectionId, from, to, { overwrite });
      return null;
    },
    'files/copy': async ({ connectionId, from, to, overwrite }) => {
      await files.copy(connectionId, from, to, { overwrite });
      return null;
    },
    'files/openRead': async ({ connectionId, path }) => await files.openRead(connectionId, path, gone()),
    'files/read': async ({ handle, position, length }) => ({
      data: (await files.read(handle, position, length, gone())).toString('base64'),
    }),
    'files/openWrite': async ({ connectionId, path, create, overwrite }) => ({
      handle: await files.openWrite(connectionId, path, { create, overwrite }, gone()),
    }),
    'files/write': async ({ handle, data }) => {
      await files.write(handle, Buffer.from(data, 'base64'), gone());
      return null;
    },
    'files/commit': async ({ handle }) => await files.commit(handle, gone()),
    'files/close': async ({ handle }) => {
      await files.close(handle, gone());
      return null;
    },

    'transfers/start': request => {
      connections.get(request.connectionId); // throws `notFound`
      return { transferId: transfers.start(request, askConflict(request.connectionId), gone()) };
    },
    'transfers/list': () => transfers.list(),
    'transfers/wait': async ({ transferId }, signal) => await transfers.wait(transferId, signal),
    'transfers/cancel': ({ transferId }) => {
      transfers.cancel(transferId);
      return null;
    },
    'transfers/resume': ({ transferId }) => {
      transfers.resume(transferId);
      return null;
    },
  };
}
