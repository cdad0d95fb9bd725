import { uptime } from 'node:os';
import { type Clock, systemClock } from './clock.js';
import { type Disposable, toDisposable } from './disposable.js';

/** A sleep is noticed at the latest so long after its end. */
const TICK_MS = 5_000;
/** A tick that is later than this has missed something: a busy machine delays it by less, and time servers turn a clock by less. */
const SHORTEST_SLEEP_MS = 15_000;

/** Milliseconds since the machine was started. */
export type Uptime = () => number;

/**
 * Tells when the machine has slept, by how much more time than a tick has passed from one tick to the next.
 *
 * Two clocks are read, and the one that went further counts:
 * - `os.uptime()`, which goes on while the machine sleeps on every platform (Linux: /proc/uptime, that is CLOCK_BOOTTIME; macOS: the time since
 *   kern.boottime; Windows: GetTickCount64) and which nobody can set. Node's monotonic clock would not do: it stands still in sleep on Linux.
 * - the wall clock, for a virtual machine whose host slept: all its other clocks stood still, and its wall clock is put right afterwards.
 *
 * So a wall clock that is set back, or forward by a little, is no sleep. One that is set forward by more than a quarter of a minute is taken for
 * one, as is a process that was stopped for so long (SIGSTOP, a debugger): a needless look at whether links are alive does no harm, while a sleep
 * that is missed leaves dead ones.
 * @param onWake told once after each sleep how long it was, in milliseconds and give or take a tick
 */
export function watchWake(
  onWake: (sleptMs: number) => void,
  clock: Clock = systemClock,
  uptimeMs: Uptime = () => uptime() * 1000,
): Disposable {
  let next: Disposable | undefined;
  const wait = () => {
    const wallBefore = clock.now();
    const uptimeBefore = uptimeMs();
    next = clock.after(TICK_MS, () => {
      const passed = Math.max(clock.now() - wallBefore, uptimeMs() - uptimeBefore);
      wait();
      const slept = passed - TICK_MS;
      if (slept > SHORTEST_SLEEP_MS) onWake(slept);
    });
  };
  wait();
  return toDisposable(() => next?.dispose());
}
