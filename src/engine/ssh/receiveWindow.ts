import type { ChannelWindow } from './ssh2Internals.js';

const MIB = 1024 * 1024;
/** What ssh2 grants of itself, topped up when half of it is gone. */
const USUAL = 2 * MIB;
/** More is no faster on any line that is known. */
const MOST = 16 * MIB;
/** A round trip that seems shorter is not measured well enough. */
const LEAST_ROUND_TRIP_MS = 1;

export interface Line {
  /** As far as it was measured. */
  roundTripMs(): number | undefined;
  /** Milliseconds, by a clock that never goes back. */
  now(): number;
}

/** Bytes that the channels of one link may hold beyond what is usual. */
export class WindowBudget {
  constructor(private left = 64 * MIB) {}

  /** How much of `bytes` there is. */
  take(bytes: number): number {
    const taken = Math.max(0, Math.min(bytes, this.left));
    this.left -= taken;
    return taken;
  }

  giveBack(bytes: number): void {
    this.left += bytes;
  }
}

/**
 * How far ahead the server may send on one channel. Over a distance the usual window is used up long before word of more reaches the server, so
 * it grows to twice what came within a round trip, as TCP does it (dynamic right-sizing), and is topped up before it runs low. It grows only while
 * the reader keeps up; close by, and for a slow reader, all stays with ssh2.
 */
export class ReceiveWindow {
  private size = USUAL;
  private extra = 0;
  private since: number | undefined;
  private received = 0;
  private isFar = false;

  constructor(
    private readonly window: ChannelWindow,
    private readonly budget: WindowBudget,
    private readonly line: Line,
  ) {}

  /** `bytes` have come. */
  take(bytes: number): void {
    const roundTrip = this.line.roundTripMs();
    if (roundTrip === undefined) return;
    this.measure(bytes, Math.max(LEAST_ROUND_TRIP_MS, roundTrip));
    if (!this.isFar) return;
    const missing = this.size - this.window.left() - this.window.unread();
    // a word costs a packet
    if (missing >= this.size / 8) this.window.grant(missing);
  }

  /** The channel is closed. */
  dispose(): void {
    this.budget.giveBack(this.extra);
    this.extra = 0;
  }

  private measure(bytes: number, roundTrip: number): void {
    const now = this.line.now();
    this.since ??= now;
    this.received += bytes;
    const took = now - this.since;
    if (took < roundTrip) return;
    const wanted = 2 * this.received * (roundTrip / took);
    this.since = now;
    this.received = 0;
    // what is not read yet only waits here
    if (this.window.unread() > USUAL / 4) return;
    this.isFar = wanted > USUAL / 2;
    if (wanted <= this.size || this.size >= MOST) return;
    const more = this.budget.take(Math.min(wanted, MOST) - this.size);
    this.size += more;
    this.extra += more;
  }
}
