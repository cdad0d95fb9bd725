import { once } from 'node:events';
import { type AddressInfo, createServer, type Server as NetServer, type Socket } from 'node:net';
import { type Connection, Server, type Session } from 'ssh2';
import { Condition } from '../condition.js';
import { type Commands, type Program, type Terminal } from './commands.js';
import { forward, mapDestination } from './forwarding.js';
import { Link, Weather } from './link.js';
import { type Account, Login } from './login.js';
import { serveSftp } from './sftp.js';

export interface SshServerOptions {
  readonly host: string;
  readonly port: number;
  readonly account: Account;
  /** Private keys, as texts. */
  readonly hostKeys: readonly string[];
  readonly home: string;
  readonly commands: Commands;
  /** Ports of this computer that stand for ports of the Spark. */
  readonly services: ReadonlyMap<number, number>;
  /** Called whenever somebody logs in or goes away. */
  readonly onSessions: (live: number) => void;
  /** Called before a program starts. */
  readonly onProgram: () => void;
}

/** The SSH server of the Spark: listens on loopback only. */
export class SshServer {
  readonly weather = new Weather();
  readonly changes = new Condition();
  refusesLogins = false;
  refusesForwarding = false;
  diskFull = false;
  /** Successful logins since the start. */
  logins = 0;
  /** Attempts to log in that were answered, right or wrong, without those that only ask for the methods. */
  loginAttempts = 0;
  /** Forwarded connections that are open now. */
  forwards = 0;
  /** Command lines since the start, as the client sent them; `undefined` stands for a shell. */
  readonly programs: (string | undefined)[] = [];
  readonly #options: SshServerOptions;
  readonly #ssh: Server;
  readonly #links = new Set<Link>();
  readonly #live = new Set<Connection>();
  #listener: NetServer | undefined;
  #port: number;

  constructor(options: SshServerOptions) {
    this.#options = options;
    this.#port = options.port;
    this.#ssh = new Server({
      hostKeys: [...options.hostKeys],
      ident: 'OpenSSH_9.6p1 Ubuntu-3ubuntu13.14',
      // like sshd as Ubuntu sets it up: the server never gives up a silent client
      keepaliveInterval: 2 ** 31 - 1,
    });
    this.#ssh.on('connection', (client, info) =>
      this.#serve(client, info.header.versions.software.startsWith('OpenSSH')),
    );
  }

  get port(): number {
    return this.#port;
  }

  /** Live connections that have logged in. */
  get sessions(): number {
    return this.#live.size;
  }

  /** Begins to listen; the port that was bound once is bound again. Rejects when it is taken. */
  async listen(): Promise<void> {
    const listener = createServer({ allowHalfOpen: false }, socket => {
      const link = new Link(socket, this.weather);
      this.#links.add(link);
      link.on('error', () => undefined);
      link.on('close', () => this.#links.delete(link));
      this.#ssh.injectSocket(link as unknown as Socket);
    });
    listener.listen(this.#port, this.#options.host);
    await once(listener, 'listening');
    this.#port = (listener.address() as AddressInfo).port;
    this.#listener = listener;
  }

  /** Refuses connections from now on; those that are open stay. The port is free at once. */
  stopListening(): void {
    this.#listener?.close();
    this.#listener = undefined;
  }

  dropLinks(): void {
    for (const link of this.#links) link.destroy();
  }

  #serve(client: Connection, clientIsOpenSsh: boolean): void {
    const login = new Login(
      this.#options.account,
      () => this.refusesLogins,
      () => client.end(),
    );
    // ssh2 says that a channel is closed only when what it holds has been read, which may never happen
    const hangUps = new Set<() => void>();
    client.on('error', () => undefined);
    client.on('authentication', attempt => {
      if (attempt.method !== 'none') this.loginAttempts++;
      login.answer(attempt);
    });
    client.on('ready', () => {
      this.logins++;
      this.#live.add(client);
      this.#sessionsChanged();
    });
    client.on('close', () => {
      for (const hangUp of hangUps) hangUp();
      if (this.#live.delete(client)) this.#sessionsChanged();
    });
    client.on('session', accept => this.#serveSession(accept(), clientIsOpenSsh, hangUps));
    client.on('tcpip', (accept, reject, { destIP, destPort }) => {
      const port = mapDestination(destIP, destPort, this.#options.services);
      if (port === undefined || this.refusesForwarding) reject();
      else this.#track(forward({ port }, accept, reject), hangUps);
    });
    client.on('openssh.streamlocal', (accept, reject, { socketPath }) => {
      if (this.refusesForwarding) reject();
      else this.#track(forward({ path: socketPath }, accept, reject), hangUps);
    });
  }

  #serveSession(session: Session, clientIsOpenSsh: boolean, hangUps: Set<() => void>): void {
    const { commands, home } = this.#options;
    const environment: NodeJS.ProcessEnv = {};
    let terminal: Terminal | undefined;
    let program: Program | undefined;
    session.on('env', (accept, reject, { key, val }) => {
      const allowed = /^(LANG|LC_[A-Z]+)$/.test(key);
      if (allowed) environment[key] = val;
      reply(allowed ? accept : reject);
    });
    session.on('pty', (accept, _reject, info) => {
      // the types leave the kind of terminal out
      const { term = 'xterm' } = info as { term?: string };
      terminal = { term, rows: info.rows, columns: info.cols };
      reply(accept);
    });
    session.on('window-change', accept => reply(accept));
    session.on('signal', (accept, _reject, { name }) => {
      program?.signal(name);
      reply(accept);
    });
    const start = (command: string | undefined, accept: Parameters<typeof forward>[1]): void => {
      this.programs.push(command);
      this.#options.onProgram();
      const started = commands.run(accept(), command, environment, terminal);
      program = started;
      hangUps.add(started.hangUp);
      void started.ended.then(() => hangUps.delete(started.hangUp));
      this.changes.changed();
    };
    session.on('exec', (accept, _reject, { command }) => start(command, accept));
    session.on('shell', accept => start(undefined, accept));
    session.on('sftp', accept => serveSftp(accept(), { home, clientIsOpenSsh, diskFull: () => this.diskFull }));
  }

  #track(socket: Socket, hangUps: Set<() => void>): void {
    const hangUp = (): unknown => socket.destroy();
    hangUps.add(hangUp);
    let open = false;
    socket.once('connect', () => {
      open = true;
      this.forwards++;
      this.changes.changed();
    });
    socket.once('close', () => {
      hangUps.delete(hangUp);
      if (open) this.forwards--;
      this.changes.changed();
    });
  }

  #sessionsChanged(): void {
    this.#options.onSessions(this.#live.size);
    this.changes.changed();
  }
}

/** Requests for which the client wants no answer come without the functions that give it, whatever the types say. */
function reply(answer: (() => unknown) | undefined): void {
  answer?.();
}
