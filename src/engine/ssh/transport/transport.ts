import type { Duplex } from 'node:stream';

/** A stream of bytes to an SSH server, however it came about. Whoever gets one ends it by destroying its stream. */
export interface Transport {
  readonly stream: Duplex;
  /** The numeric address at the other end, where there is no proxy in between. */
  readonly address: string | undefined;
  /** From now on what is read need not outlive the callback that gets it. */
  stopCopying(): void;
  /** What the way itself has to say about its end, such as the last words of a proxy command. */
  complaint(): string | undefined;
}
