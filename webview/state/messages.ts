import {
  AbstractMessageReader,
  AbstractMessageWriter,
  type DataCallback,
  type Disposable,
  type Message,
} from 'vscode-jsonrpc/browser';
import { type HostApi } from './host.js';

/** Reads the JSON-RPC messages that the window posts to the page. */
export class WindowMessageReader extends AbstractMessageReader {
  listen(callback: DataCallback): Disposable {
    const receive = (event: MessageEvent<unknown>) => {
      if (isRpc(event.data)) callback(event.data);
    };
    window.addEventListener('message', receive);
    return {
      dispose: () => {
        window.removeEventListener('message', receive);
      },
    };
  }
}

/** Posts the page's JSON-RPC messages to its window. */
export class HostMessageWriter extends AbstractMessageWriter {
  private readonly host: HostApi;

  constructor(host: HostApi) {
    super();
    this.host = host;
  }

  write(message: Message): Promise<void> {
    this.host.postMessage(message);
    return Promise.resolve();
  }

  end(): void {
    // postMessage has no end; the page ends with its window
  }
}

/** The editor's own frame also posts to the page; only JSON-RPC is ours. */
function isRpc(data: unknown): data is Message {
  return typeof data === 'object' && data !== null && 'jsonrpc' in data && data.jsonrpc === '2.0';
}
