import type { Report } from '../report.ts';
import type { TrafficPoint, TrafficReport } from '../traffic.ts';
import { html, type Html } from './html.ts';
import type { TimeScale } from './time-scale.ts';
import { clockTime, count, percent } from './words.ts';

const MINUTE_MS = 60_000;
/** The chart's own units; it is stretched to the page, and holds no text that would be stretched with it. */
const [WIDTH, HEIGHT, ERRORS_HEIGHT] = [1000, 160, 36];

type Side = 'old' | 'temporary' | 'final';
const SIDES: readonly Side[] = ['old', 'temporary', 'final'];

/** Who got the requests, and how many failed, on the axis of the timeline. */
export function trafficChart({ traffic, steps }: Report, scale: TimeScale): Html {
  const { points, visitors } = traffic;
  if (points.length === 0 && visitors.length === 0) {
    return html`<p class="none">No figures of the traffic were recorded.</p>`;
  }
  const totals = points.map((point) => point.old + point.temporary + point.final);
  const highest = Math.max(1, ...totals, ...(points.length === 0 ? visitors.map(({ sent }) => sent) : []));
  const cutover = steps.find(({ id }) => id === 'switch-records');
  return html`<figure class="chart" aria-labelledby="traffic-caption">
    <div class="rows">
      <div class="label legend">${legend(traffic)}</div>
      <div class="plot">
        <svg
          viewBox="0 0 ${WIDTH} ${HEIGHT}"
          preserveAspectRatio="none"
          role="img"
          aria-label="${described(traffic, highest)}"
        >
          ${[0.25, 0.5, 0.75].map((share) => html`<line class="grid" x1="0" x2="${WIDTH}" y1="${HEIGHT * share}" y2="${HEIGHT * share}" />`)}
          ${points.length === 0 ? visitorArea(traffic, scale, highest) : areas(points, scale, highest)}
          ${cutover === undefined ? undefined : html`<line class="mark" x1="${(scale.x(cutover.startedAt) * WIDTH).toFixed(1)}" x2="${(scale.x(cutover.startedAt) * WIDTH).toFixed(1)}" y1="0" y2="${HEIGHT}" />`}
        </svg>
        ${cutover === undefined ? undefined : html`<span class="mark-label" style="left:${percent(scale.x(cutover.startedAt))}">records switched</span>`}
      </div>
      <div class="value"><span>${highest.toLocaleString('en-US')}</span><span>0</span></div>
      <div class="label legend"><span class="key errors">${errorsLabel(traffic)}</span></div>
      <div class="plot errors">${errorBars(traffic, scale)}</div>
      <div class="value">${count(totalErrors(traffic), 'error')}</div>
      <div class="label"></div>
      <div class="axis">${ticks(scale)}</div>
    </div>
    <figcaption id="traffic-caption">
      Requests a minute${points.length === 0 ? '' : ' as the balancers counted them (CloudWatch)'}; times are UTC.
    </figcaption>
    ${dataTable(traffic)}
  </figure>`;
}

function nameOf({ app, temporaryApp = 'temporary app' }: TrafficReport, side: Side): string {
  if (side === 'old') return `${app}, generation 1`;
  return side === 'temporary' ? temporaryApp : `${app}, generation 2`;
}

function legend(traffic: TrafficReport): readonly Html[] {
  if (traffic.points.length === 0) return [html`<span class="key temporary">requests</span>`];
  const seen = SIDES.filter((side) => traffic.points.some((point) => point[side] > 0));
  return seen.map((side) => html`<span class="key ${side}">${nameOf(traffic, side)}</span>`);
}

function errorsLabel({ visitors }: TrafficReport): string {
  return visitors.length > 0 ? 'failed, as visitors saw it' : 'answers with 5xx';
}

function totalErrors({ points, visitors }: TrafficReport): number {
  return visitors.length > 0
    ? visitors.reduce((sum, { failed }) => sum + failed, 0)
    : points.reduce((sum, { errors }) => sum + errors, 0);
}

function described(traffic: TrafficReport, highest: number): string {
  const parts = SIDES.map((side) => {
    const requests = traffic.points.reduce((sum, point) => sum + point[side], 0);
    return requests === 0 ? '' : `${count(requests, 'request')} at ${nameOf(traffic, side)}`;
  });
  const errors = count(totalErrors(traffic), 'error');
  return [...parts.filter((part) => part !== ''), errors, `at most ${highest} requests a minute`].join(', ');
}

/** One area a side, stacked: the whole height is all traffic. */
function areas(points: readonly TrafficPoint[], scale: TimeScale, highest: number): readonly Html[] {
  const below = (point: TrafficPoint, side: Side): number =>
    SIDES.slice(0, SIDES.indexOf(side)).reduce((sum, lower) => sum + point[lower], 0);
  return runsOf(points).flatMap((run) =>
    SIDES.map((side) => {
      const upper = run.map((point) => corner(point.at, below(point, side) + point[side], { scale, highest }));
      const lower = run.map((point) => corner(point.at, below(point, side), { scale, highest })).toReversed();
      return html`<polygon class="${side}" points="${[...upper, ...lower].join(' ')}" />`;
    }),
  );
}

/** Minutes that follow each other; between two runs nothing was counted. */
function runsOf(points: readonly TrafficPoint[]): readonly (readonly TrafficPoint[])[] {
  const runs: TrafficPoint[][] = [];
  for (const point of points) {
    const last = runs.at(-1);
    if (last === undefined || point.at - (last.at(-1)?.at ?? 0) > 1.5 * MINUTE_MS) runs.push([point]);
    else last.push(point);
  }
  return runs;
}

function visitorArea({ visitors }: TrafficReport, scale: TimeScale, highest: number): Html {
  const upper = visitors.map(({ at, sent }) => corner(at, sent, { scale, highest }));
  const lower = visitors.map(({ at }) => corner(at, 0, { scale, highest })).toReversed();
  return html`<polygon class="temporary" points="${[...upper, ...lower].join(' ')}" />`;
}

function corner(
  at: number,
  value: number,
  { scale, highest }: { readonly scale: TimeScale; readonly highest: number },
): string {
  const x = scale.x(at + MINUTE_MS / 2) * WIDTH;
  return `${x.toFixed(1)},${(HEIGHT * (1 - value / highest)).toFixed(1)}`;
}

function errorBars({ points, visitors }: TrafficReport, scale: TimeScale): Html {
  const minutes =
    visitors.length > 0
      ? visitors.map(({ at, failed }) => ({ at, errors: failed }))
      : points.map(({ at, errors }) => ({ at, errors }));
  const highest = Math.max(1, ...minutes.map(({ errors }) => errors));
  const bars = minutes
    .filter(({ errors }) => errors > 0)
    .map(({ at, errors }) => {
      const [left, right] = [scale.x(at) * WIDTH, scale.x(at + MINUTE_MS) * WIDTH];
      const height = Math.max(3, (errors / highest) * ERRORS_HEIGHT);
      return html`<rect
        class="errors"
        x="${left.toFixed(1)}"
        y="${(ERRORS_HEIGHT - height).toFixed(1)}"
        width="${Math.max(3, right - left).toFixed(1)}"
        height="${height.toFixed(1)}"
      />`;
    });
  return html`<svg viewBox="0 0 ${WIDTH} ${ERRORS_HEIGHT}" preserveAspectRatio="none" aria-hidden="true">${bars}</svg>`;
}

function ticks(scale: TimeScale): readonly Html[] {
  return [0, 0.25, 0.5, 0.75, 1].map((x) => html`<span style="left:${percent(x)}">${clockTime(scale.at(x))}</span>`);
}

/** The same figures for those who cannot see the chart. */
function dataTable(traffic: TrafficReport): Html | undefined {
  if (traffic.points.length === 0) return undefined;
  const sides = SIDES.filter((side) => traffic.points.some((point) => point[side] > 0));
  const rows = traffic.points.map(
    (point) =>
      html`<tr>
        <th scope="row">${clockTime(point.at)}</th>
        ${sides.map((side) => html`<td>${point[side]}</td>`)}
        <td>${point.errors}</td>
      </tr>`,
  );
  return html`<details>
    <summary>Figures, minute by minute</summary>
    <div class="scroll" role="region" aria-label="Requests minute by minute" tabindex="0">
      <table>
        <thead>
          <tr>
            <th scope="col">minute</th>
            ${sides.map((side) => html`<th scope="col">${nameOf(traffic, side)}</th>`)}
            <th scope="col">5xx</th>
          </tr>
        </thead>
        <tbody>
          ${rows}
        </tbody>
      </table>
    </div>
  </details>`;
}
