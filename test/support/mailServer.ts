import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';

export interface TestMail {
  readonly from: string;
  readonly to: readonly string[];
  /** Headers and body as they came. */
  readonly source: string;
}

/** A mail server that keeps what it is sent. */
export class MailServer {
  readonly mails: TestMail[] = [];
  /** What clients logged in with. */
  readonly logins: { user: string; password: string }[] = [];

  private constructor(
    private readonly server: SMTPServer,
    readonly port: number,
  ) {}

  /** @param password what logins are accepted with */
  static async start(options: SMTPServerOptions = {}, password?: string): Promise<MailServer> {
    const held: { self?: MailServer } = {};
    const server = new SMTPServer({
      ...{ authOptional: password === undefined, allowInsecureAuth: true, disableReverseLookup: true, logger: false },
      onAuth(auth, _session, done) {
        held.self?.logins.push({ user: auth.username ?? '', password: auth.password ?? '' });
        if (auth.password === password) done(null, { user: auth.username });
        else done(new Error(`No: ${auth.password ?? ''} is wrong`));
      },
      onData(stream, session, done) {
        let source = '';
        stream.setEncoding('utf8').on('data', (text: string) => (source += text));
        stream.once('end', () => {
          const { mailFrom, rcptTo } = session.envelope;
          held.self?.mails.push({
            ...{ from: mailFrom === false ? '' : mailFrom.address, to: rcptTo.map(({ address }) => address), source },
          });
          done();
        });
      },
      ...options,
    });
    // a client that does not trust the certificate goes away in the middle
    server.on('error', () => undefined);
    const listening = server.listen(0, '127.0.0.1');
    await once(listening, 'listening');
    held.self = new MailServer(server, (listening.address() as AddressInfo).port);
    return held.self;
  }

  async stop(): Promise<void> {
    await new Promise<void>(resolve => this.server.close(resolve));
  }
}
