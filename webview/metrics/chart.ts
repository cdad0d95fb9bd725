import uPlot from 'uplot';
import { type Band } from '../../src/shared/history.js';

/** What one chart shows; times are epoch milliseconds, as uPlot is told to take them. */
export interface ChartData {
  readonly at: readonly number[];
  readonly band: Band;
  readonly from: number;
  readonly to: number;
  /** Stretches of time that are shaded. */
  readonly marks: readonly { readonly from: number; readonly to: number }[];
}

export interface ChartOptions {
  readonly colour: string;
  readonly unit: string;
  /** The end of the scale, where it has one. */
  readonly top: number | undefined;
  /** A range was chosen by dragging. */
  onZoom(from: number, to: number): void;
  /** The crosshair stands on a point; null when it is nowhere. */
  onPoint(index: number | null): void;
}

/** All charts share one crosshair. */
const CROSSHAIR = uPlot.sync('history');
const HEIGHT = 110;

/** One metric over time: the mean as a line, the band from minimum to maximum under it. */
export class Chart {
  private readonly plot: uPlot;
  private readonly observer: ResizeObserver;
  private marks: ChartData['marks'] = [];

  constructor(place: HTMLElement, options: ChartOptions) {
    const look = getComputedStyle(document.body);
    const text = look.getPropertyValue('--secondary') || look.color;
    const rule = look.getPropertyValue('--rule') || text;
    const { colour, top } = options;
    const axis = {
      stroke: text,
      grid: { stroke: rule, width: 1 },
      ticks: { show: false },
      font: `11px ${look.fontFamily}`,
    };
    this.plot = new uPlot(
      {
        width: Math.max(100, place.clientWidth),
        height: HEIGHT,
        ms: 1,
        legend: { show: false },
        // half of a label of the time is wider than the plot when it stands at the end
        padding: [8, 28, 0, 0],
        scales: { x: { time: true }, y: { range: (_plot, _min, max) => [0, top ?? Math.max(1, (max || 0) * 1.1)] } },
        axes: [
          { ...axis, size: 24, space: 60, values: (plot, splits) => timeLabels(splits, plot.scales['x']) },
          { ...axis, size: 48, space: 30 },
        ],
        cursor: { sync: { key: CROSSHAIR.key }, drag: { x: true, y: false, setScale: false }, points: { size: 6 } },
        series: [
          {},
          { stroke: 'transparent', points: { show: false } },
          { stroke: 'transparent', points: { show: false } },
          { stroke: colour, width: 1.5, spanGaps: false },
        ],
        bands: [{ series: [1, 2], fill: `${colour}40` }],
        hooks: {
          drawClear: [plot => this.shade(plot, text)],
          setSelect: [
            plot => {
              const { left, width } = plot.select;
              if (width < 4) return;
              plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
              options.onZoom(plot.posToVal(left, 'x'), plot.posToVal(left + width, 'x'));
            },
          ],
          setCursor: [plot => options.onPoint(plot.cursor.idx ?? null)],
        },
      },
      [[], [], [], []],
      place,
    );
    CROSSHAIR.sub(this.plot);
    this.observer = new ResizeObserver(() => {
      if (place.clientWidth > 0) this.plot.setSize({ width: place.clientWidth, height: HEIGHT });
    });
    this.observer.observe(place);
  }

  show({ at, band, from, to, marks }: ChartData): void {
    this.marks = marks;
    this.plot.setData([[...at], [...band.max], [...band.min], [...band.mean]], false);
    this.plot.setScale('x', { min: from, max: to });
  }

  /** Under the lines: a tint, with an edge where it begins and ends within what is shown. */
  private shade(plot: uPlot, colour: string): void {
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.fillStyle = colour;
    for (const { from, to } of this.marks) {
      const [start, end] = [from, to].map(time => plot.valToPos(time, 'x', true));
      const left = Math.max(bbox.left, start ?? 0);
      const right = Math.min(bbox.left + bbox.width, end ?? 0);
      if (right < left) continue;
      ctx.globalAlpha = 0.12;
      ctx.fillRect(left, bbox.top, Math.max(1, right - left), bbox.height);
      ctx.globalAlpha = 0.6;
      for (const edge of [start, end])
        if (edge !== undefined && edge >= bbox.left && edge <= bbox.left + bbox.width)
          ctx.fillRect(edge, bbox.top, 1, bbox.height);
    }
    ctx.restore();
  }

  dispose(): void {
    this.observer.disconnect();
    CROSSHAIR.unsub(this.plot);
    this.plot.destroy();
  }
}

const DAY = 24 * 60 * 60 * 1000;

/** Labels in one line, as fine as the range asks for. */
function timeLabels(splits: readonly number[], scale: uPlot.Scale | undefined): string[] {
  const span = (scale?.max ?? 0) - (scale?.min ?? 0);
  const format = new Intl.DateTimeFormat(
    undefined,
    span > 2 * DAY
      ? { month: 'short', day: 'numeric' }
      : { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', ...(span < 5 * 60_000 && { second: '2-digit' }) },
  );
  return splits.map(split => format.format(split));
}
