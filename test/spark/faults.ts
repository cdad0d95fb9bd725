import { type SmiFault, type Publisher } from './smi/publisher.js';
import { type SshServer } from './ssh/server.js';

/** What can go wrong with the Spark, on demand. Each stays as it was set until it is set again. */
export class Faults {
  readonly #ssh: SshServer;
  readonly #publisher: Publisher;

  constructor(ssh: SshServer, publisher: Publisher) {
    this.#ssh = ssh;
    this.#publisher = publisher;
  }

  /** Ends every TCP connection at once, as when the machine loses power; new ones are accepted. */
  dropLinks(): void {
    this.#ssh.dropLinks();
  }

  /** Connections stay or become open, and nothing is answered on any of them; what was sent meanwhile is answered later. */
  goSilent(on: boolean): void {
    this.#ssh.weather.silent = on;
  }

  /** Drops all connections and refuses new ones, as when it is switched off; the port is the same when it is back. */
  async goOffline(on: boolean): Promise<void> {
    if (!on) return this.#ssh.listen();
    this.#ssh.stopListening();
    this.#ssh.dropLinks();
  }

  /** Every login is refused, whatever the key or password. */
  refuseLogins(on: boolean): void {
    this.#ssh.refusesLogins = on;
  }

  /** Forwarded connections are refused, TCP and Unix sockets; those that are open stay. */
  refuseForwarding(on: boolean): void {
    this.#ssh.refusesForwarding = on;
  }

  /** Each piece of data is so many milliseconds late, in each direction. */
  slow(milliseconds: number): void {
    this.#ssh.weather.delayMs = milliseconds;
  }

  /** `nvidia-smi` prints nonsense, hangs, or is not installed. A hung one goes on with `none`. */
  nvidiaSmi(fault: SmiFault): void {
    this.#publisher.setFault(fault);
  }

  /** SFTP can write nothing and make no folder: the status is SSH_FX_FAILURE, as from OpenSSH. */
  fillDisk(on: boolean): void {
    this.#ssh.diskFull = on;
  }
}
