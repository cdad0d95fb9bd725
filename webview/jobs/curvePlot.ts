import uPlot from 'uplot';
import { figure } from '../text/jobs.js';
import { type Axis, type CurveLine, elapsed } from './curveLines.js';

export interface CurvePlotOptions {
  readonly axis: Axis;
  readonly isLogarithmic: boolean;
  /** The end of the scale, where it has one. */
  readonly top: number | undefined;
  /** The crosshair stands at an x; null when it is nowhere. */
  onPoint(x: number | null): void;
}

const HEIGHT = 180;
const AXIS_WIDTH = 64;
// a const enum of a declaration file has no value when esbuild bundles it
// eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment
const LOGARITHMIC = 3 as uPlot.Scale.Distr.Logarithmic;
/** All curves of a page share one crosshair. */
const CROSSHAIR = uPlot.sync('curves');

/** Lines over steps or time. Made anew for another set of lines; {@link show} takes new values of the same. */
export class CurvePlot {
  private readonly plot: uPlot;
  private readonly observer: ResizeObserver;

  constructor(place: HTMLElement, lines: readonly CurveLine[], options: CurvePlotOptions) {
    const look = getComputedStyle(document.body);
    const text = look.getPropertyValue('--secondary') || look.color;
    const rule = look.getPropertyValue('--rule') || text;
    const { axis, isLogarithmic, top } = options;
    const common = {
      ...{ stroke: text, grid: { stroke: rule, width: 1 }, ticks: { show: false } },
      font: `11px ${look.fontFamily}`,
    };
    this.plot = new uPlot(
      {
        ...{ width: Math.max(100, place.clientWidth), height: HEIGHT, legend: { show: false }, padding: [8, 16, 0, 0] },
        scales: {
          x: { time: false },
          y: isLogarithmic ? { distr: LOGARITHMIC } : top === undefined ? {} : { range: () => [0, top] },
        },
        axes: [
          {
            ...common,
            ...{ size: 24, space: 70 },
            values: (_plot, splits) => splits.map(split => (axis === 'time' ? elapsed(split) : figure(split))),
          },
          {
            ...common,
            ...{ size: AXIS_WIDTH, space: 30 },
            values: (_plot, splits) => splits.map(split => ((split as number | null) === null ? '' : figure(split))),
          },
        ],
        cursor: { sync: { key: CROSSHAIR.key }, drag: { x: true, y: false }, points: { size: 6 } },
        series: [{}, ...lines.flatMap(line => seriesOf(line))],
        hooks: {
          setCursor: [
            plot => {
              const { idx } = plot.cursor;
              options.onPoint(idx === null || idx === undefined ? null : (plot.data[0][idx] ?? null));
            },
          ],
        },
      },
      [[]],
      place,
    );
    CROSSHAIR.sub(this.plot);
    this.show(lines);
    this.observer = new ResizeObserver(() => {
      if (place.clientWidth > 0) this.plot.setSize({ width: place.clientWidth, height: HEIGHT });
    });
    this.observer.observe(place);
  }

  show(lines: readonly CurveLine[]): void {
    const tables = lines.flatMap(({ x, y, raw }): uPlot.AlignedData[] => [
      [[...x], [...y]],
      ...(raw ? [[[...x], [...raw]] as uPlot.AlignedData] : []),
    ]);
    this.plot.setData(tables.length === 0 ? [[]] : uPlot.join(tables));
  }

  dispose(): void {
    this.observer.disconnect();
    CROSSHAIR.unsub(this.plot);
    this.plot.destroy();
  }
}

/** A line, and under it what it was before smoothing. Where one line has no value another may have: it goes on over such places. */
function seriesOf({ colour, isDashed, raw, x }: CurveLine): uPlot.Series[] {
  const line: uPlot.Series = {
    ...{ stroke: colour, width: 1.5, spanGaps: true, points: { show: x.length < 2, size: 5 } },
    ...(isDashed ? { dash: [5, 4] } : {}),
  };
  return raw ? [line, { stroke: `${colour}50`, width: 1, spanGaps: true, points: { show: false } }] : [line];
}
