import type { CellView } from '../../shared/chains.js';
import type { Clock } from '../base/clock.js';

/** What is shown of an answer that comes in: its end. */
const SHOWN = 200;

interface LiveCell {
  begunAt: number;
  attempts: number;
  /** All of it so far. */
  pieces: string[];
  tail: string;
}

/** The steps that are being asked at this moment. */
export class LiveCells {
  private readonly cells = new Map<number, Map<string, LiveCell>>();

  constructor(private readonly clock: Clock) {}

  /** A request is on its way. */
  begin(row: number, step: string): void {
    let ofRow = this.cells.get(row);
    if (!ofRow) this.cells.set(row, (ofRow = new Map<string, LiveCell>()));
    const attempts = (ofRow.get(step)?.attempts ?? 0) + 1;
    ofRow.set(step, { begunAt: this.clock.now(), attempts, pieces: [], tail: '' });
  }

  /** Ollama sends a piece a token. */
  add(row: number, step: string, piece: string): void {
    const cell = this.cells.get(row)?.get(step);
    if (!cell) return;
    cell.pieces.push(piece);
    cell.tail = (cell.tail + piece).slice(-SHOWN);
  }

  end(row: number, step: string): void {
    const ofRow = this.cells.get(row);
    ofRow?.delete(step);
    if (ofRow?.size === 0) this.cells.delete(row);
  }

  /** What has come in; undefined where nothing is asked. */
  textOf(row: number, step: string): string | undefined {
    return this.cells.get(row)?.get(step)?.pieces.join('');
  }

  /** The cells of a row, in short. */
  viewsOf(row: number): Map<string, CellView> {
    const views = new Map<string, CellView>();
    for (const [step, { begunAt, attempts, pieces, tail }] of this.cells.get(row) ?? [])
      views.set(step, {
        ...{ state: 'running', text: tail, reason: null, attempts, tokens: pieces.length },
        ...{ tokensPerSecond: null, milliseconds: this.clock.now() - begunAt },
      });
    return views;
  }
}
