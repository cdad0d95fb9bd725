import { SparkError } from '../../shared/errors.js';
import type { Clock } from '../base/clock.js';
import type { Sftp } from '../ssh/sftpTypes.js';
import type { Sessions, SshSession, UseOptions } from '../ssh/types.js';

/** A server that has not opened a channel for files by then does not. */
const OPEN_MS = 15_000;
/** A link that is lost again and again is not to be waited for for ever. */
const MOST_ATTEMPTS = 3;

/** Whether the link, or the channel, went away before there was an answer. */
export function isLost(error: unknown): boolean {
  return SparkError.is(error, 'connectionLost') || SparkError.is(error, 'notConnected');
}

/** One channel for files a session, opened when it is first wanted, and again when it has ended. */
export class Channels {
  private readonly channels = new WeakMap<SshSession, Promise<Sftp>>();

  /** @param onOpen told of each channel that is new */
  constructor(
    private readonly sessions: Sessions,
    private readonly clock: Clock,
    private readonly onOpen: (connectionId: string, sftp: Sftp) => void = () => undefined,
  ) {}

  /** The channel of the live session. Rejects as {@link Sessions.use} does, and with `sftpUnavailable`. */
  async open(connectionId: string, options: UseOptions = {}): Promise<Sftp> {
    return await this.of(connectionId, await this.sessions.use(connectionId, options));
  }

  /**
   * Does something, and does it again on the next session where the link goes away meanwhile.
   * @param work `again` tells it that it may have been done already
   */
  async run<T>(
    connectionId: string,
    work: (sftp: Sftp, again: boolean) => Promise<T>,
    options: UseOptions = {},
  ): Promise<T> {
    let began = false;
    for (let attempt = 1; ; attempt++) {
      let sftp: Sftp | undefined;
      try {
        sftp = await this.open(connectionId, options);
        const again = began;
        began = true;
        return await work(sftp, again);
      } catch (error) {
        // where there is no session to be had, it was waited for long enough
        const isOver = !sftp && SparkError.is(error, 'notConnected');
        if (isOver || !isLost(error) || attempt === MOST_ATTEMPTS) throw error;
      }
    }
  }

  private async of(connectionId: string, session: SshSession): Promise<Sftp> {
    for (;;) {
      const known = this.channels.get(session);
      const sftp = await known?.catch(() => undefined);
      if (sftp && !sftp.isEnded) return sftp;
      // somebody may have opened another while we looked
      if (this.channels.get(session) === known) break;
    }
    const opening = openChannel(session, this.clock);
    this.channels.set(session, opening);
    const opened = await opening;
    this.onOpen(connectionId, opened);
    return opened;
  }
}

/** Opens a channel for files; never waits longer than a server may reasonably take. */
export async function openChannel(session: SshSession, clock: Clock): Promise<Sftp> {
  const opening = session.sftp();
  return await new Promise((resolve, reject) => {
    const late = clock.after(OPEN_MS, () => {
      reject(
        new SparkError({
          code: 'sftpUnavailable',
          message: 'The file service of the Spark does not answer.',
          hint: 'The machine may be very busy: try again in a moment.',
        }),
      );
      opening.then(
        sftp => sftp.dispose(),
        () => undefined,
      );
    });
    opening.then(resolve, reject).finally(() => late.dispose());
  });
}
