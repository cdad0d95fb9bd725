import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readAll } from './streams.js';

export interface Posted {
  readonly path: string;
  readonly contentType: string;
  readonly body: string;
}

/** Something that a webhook leads to: keeps what is posted. */
export class HookServer {
  readonly posted: Posted[] = [];
  /** What the next requests are answered with. */
  status = 204;
  private waiting: (() => void)[] = [];

  private constructor(private readonly server: Server) {}

  static async start(): Promise<HookServer> {
    const held: { self?: HookServer } = {};
    const server = createServer((request, response) => {
      void (async () => {
        const body = (await readAll(request)).toString();
        const { status = 500 } = held.self ?? {};
        response.writeHead(status, { Location: '/elsewhere' }).end('secret words of the server');
        held.self?.take({ path: request.url ?? '', contentType: request.headers['content-type'] ?? '', body });
      })();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    held.self = new HookServer(server);
    return held.self;
  }

  url(path: string): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}${path}`;
  }

  /** Resolves when so many have come. */
  async until(count: number): Promise<void> {
    while (this.posted.length < count) await new Promise<void>(resolve => this.waiting.push(resolve));
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise<void>(resolve => this.server.close(() => resolve()));
  }

  private take(posted: Posted): void {
    this.posted.push(posted);
    for (const go of this.waiting.splice(0)) go();
  }
}
