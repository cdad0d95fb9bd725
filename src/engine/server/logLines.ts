import type { Clock } from '../base/clock.js';
import { createLogger } from '../base/logger.js';
import type { Windows } from './windows.js';

/** The engine's log: its lines go to every window that is attached. */
export class LogLines {
  private windows: Pick<Windows, 'all'> | undefined;

  readonly log = createLogger((level, scope, message) => {
    for (const { peer } of this.windows?.all ?? [])
      peer.notify('log/line', { level, scope, message, at: this.clock.now() });
  });

  constructor(private readonly clock: Clock) {}

  /** Before this nobody hears anything. */
  sendTo(windows: Pick<Windows, 'all'>): void {
    this.windows = windows;
  }
}
