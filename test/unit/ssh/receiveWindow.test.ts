import assert from 'node:assert/strict';
import { ReceiveWindow, WindowBudget } from '../../../src/engine/ssh/receiveWindow.js';

const MIB = 1024 * 1024;
const PIECE = 32 * 1024;

/** A server that sends as fast as it may over a line of a given round trip, and ssh2's own way of granting more. */
class Line {
  time = 0;
  unread = 0;
  /** What has come in the last round trip. */
  rate = 0;
  private left = 2 * MIB;
  /** Words of more, on their way to the server. */
  private words: { at: number; bytes: number }[] = [];
  private serverMay = 2 * MIB;
  private readonly receiving: ReceiveWindow;

  constructor(
    private readonly roundTripMs: number,
    budget = new WindowBudget(),
    known = true,
    private readonly isRead = true,
  ) {
    const grant = (bytes: number) => {
      this.left += bytes;
      this.words.push({ at: this.time + this.roundTripMs, bytes });
    };
    this.grant = grant;
    this.receiving = new ReceiveWindow({ left: () => this.left, unread: () => this.unread, grant }, budget, {
      roundTripMs: () => (known ? this.roundTripMs : undefined),
      now: () => this.time,
    });
  }

  private readonly grant: (bytes: number) => void;

  get size(): number {
    return this.left + this.unread;
  }

  /** A line that carries `mibPerRoundTrip` at most. */
  run(roundTrips: number, mibPerRoundTrip: number): void {
    const pieces = (mibPerRoundTrip * MIB) / PIECE;
    for (let trip = 0; trip < roundTrips; trip++) {
      this.rate = 0;
      for (let piece = 0; piece < pieces; piece++) {
        this.time += this.roundTripMs / pieces;
        for (; this.words[0] && this.words[0].at <= this.time; this.words.shift())
          this.serverMay += this.words[0].bytes;
        if (this.serverMay < PIECE) continue;
        this.serverMay -= PIECE;
        this.left -= PIECE;
        this.rate += PIECE;
        if (!this.isRead) this.unread += PIECE;
        this.receiving.take(PIECE);
        if (this.left <= MIB && this.unread < 2 * MIB) this.grant(2 * MIB - this.left);
        assert.ok(this.left >= 0, 'more came than was allowed');
      }
    }
  }

  close(): void {
    this.receiving.dispose();
  }
}

describe('the window of a channel', () => {
  it('grows over a distance until the line is full, to no more than 16 MiB', () => {
    const line = new Line(100);
    line.run(30, 6);
    assert.ok(line.rate > 5.5 * MIB, `${line.rate / MIB} MiB a round trip`);
    assert.ok(line.size <= 16 * MIB);
    const fast = new Line(100);
    fast.run(30, 64);
    assert.ok(fast.rate > 10 * MIB && fast.size <= 16 * MIB);
  });

  it('stays as it is close by, for what is slow, and while the distance is not known', () => {
    for (const [line, mib] of [
      [new Line(1), 0.25],
      [new Line(100), 0.25],
      [new Line(100, new WindowBudget(), false), 6],
    ] as const) {
      line.run(50, mib);
      assert.ok(line.size <= 2 * MIB);
    }
  });

  it('does not grow for a reader who has stopped', () => {
    const line = new Line(100, new WindowBudget(), true, false);
    line.run(50, 6);
    assert.ok(line.size <= 4 * MIB, `${line.size / MIB} MiB`);
  });

  it('keeps all channels of a link within one budget, which a closed one gives back', () => {
    const budget = new WindowBudget(10 * MIB);
    const first = new Line(100, budget);
    first.run(30, 64);
    assert.ok(first.size > 8 * MIB && first.size <= 12 * MIB);
    const second = new Line(100, budget);
    second.run(30, 64);
    assert.ok(second.size <= 2 * MIB);
    first.close();
    second.run(30, 64);
    assert.ok(second.size > 8 * MIB && second.size <= 12 * MIB);
  });
});
