import { formatDuration } from '../../../time/wait.ts';
import { VERSION } from '../../version.ts';
import { countHumanWaits, type GateReport, type Report } from '../report.ts';
import { html, Html } from './html.ts';
import { REPORT_CSS } from './report-css.ts';
import { TimeScale } from './time-scale.ts';
import { timeline } from './timeline.ts';
import { trafficChart } from './traffic-chart.ts';
import { count, moment } from './words.ts';

/** A report as one page that needs nothing but itself: no script, no network; light and dark; made for paper too. */
export function reportHtml(report: Report): string {
  const { app, rack } = report;
  const scale = new TimeScale(report);
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="robots" content="noindex" />
        <meta
          http-equiv="Content-Security-Policy"
          content="default-src 'none'; style-src 'unsafe-inline'; img-src data:"
        />
        <title>Migration of ${app} on rack ${rack}: ${saidOf(report)}</title>
        <link rel="icon" href="data:," />
        <style>
          ${new Html(REPORT_CSS)}
        </style>
      </head>
      <body>
        ${head(report)}
        <main>
          ${failure(report)} ${section('Traffic', trafficChart(report, scale))}
          ${section('Timeline', report.steps.length === 0 ? html`<p class="none">Nothing had begun.</p>` : timeline(report, scale))}
          ${section(dnsTitle(report), dns(report))} ${section('Decisions', decisions(report))}
          ${section(isDeleted(report) ? 'Deleted with the old app' : 'Commit would delete', list(report.destroyed))}
          ${section('Warnings', list(report.warnings))} ${section('Cost', cost(report))}
        </main>
        <footer>
          <p>
            Execution
            <code>${report.execution}</code
            >${report.location === '' ? '' : html`, recorded in <code>${report.location}</code>`}. Written by gen2
            ${VERSION}. Times are UTC.
          </p>
        </footer>
      </body>
    </html>`;
  // Indentation of the templates is no part of the page.
  return `${page.markup.replace(/\n\s+/g, '\n').replace(/\n{2,}/g, '\n')}\n`;
}

const OUTCOMES = {
  succeeded: { said: 'succeeded', mood: 'good' },
  kept: { said: 'succeeded, the temporary app stays', mood: 'good' },
  'rolled-back': { said: 'rolled back', mood: 'bad' },
  aborted: { said: 'aborted', mood: 'bad' },
  failed: { said: 'failed', mood: 'bad' },
} as const;

function lastFailure({ steps, outcome }: Report) {
  const last = steps.at(-1);
  return outcome !== 'succeeded' && outcome !== 'kept' && last?.state === 'failed' ? last : undefined;
}

function saidOf(report: Report): string {
  if (report.outcome !== undefined) return OUTCOMES[report.outcome].said;
  return lastFailure(report) === undefined ? 'not over' : 'stopped by a failure';
}

function head(report: Report): Html {
  const { app, rack, rackVersion, startedAt, endedAt, durationMs, outcome } = report;
  const mood = outcome === undefined ? (lastFailure(report) === undefined ? 'open' : 'bad') : OUTCOMES[outcome].mood;
  const { points, visitors } = report.traffic;
  const sent = visitors.reduce((sum, minute) => sum + minute.sent, 0);
  const failed = visitors.reduce((sum, minute) => sum + minute.failed, 0);
  const errors = points.reduce((sum, point) => sum + point.errors, 0);
  return html`<header>
    <p class="kicker">Migration report</p>
    <h1>${app} <span class="badge ${mood}">${saidOf(report)}</span></h1>
    <p>
      From generation 1 to generation 2 on rack
      <strong>${rack}</strong>${rackVersion === undefined ? '' : `, version ${rackVersion}`}; ${moment(startedAt)} to
      ${moment(endedAt)} UTC.
    </p>
    <dl class="figures">
      ${figure('took', formatDuration(durationMs))}
      ${visitors.length > 0 ? figure(`of ${count(sent, 'request')} failed`, failed.toLocaleString('en-US')) : points.length > 0 ? figure('answers with 5xx', errors.toLocaleString('en-US')) : undefined}
      ${figure('waits for a person', String(countHumanWaits(report)))}
      ${figure('steps done', `${report.steps.filter(({ state }) => state === 'done' || state === 'was done').length} of ${report.steps.length}`)}
    </dl>
  </header>`;
}

function figure(what: string, value: string): Html {
  return html`<div>
    <dt>${what}</dt>
    <dd>${value}</dd>
  </div>`;
}

function failure(report: Report): Html | undefined {
  const failed = lastFailure(report);
  if (failed === undefined) return undefined;
  const { app, outcome } = report;
  const next =
    outcome === undefined
      ? html`<p>
          Go on with <code>gen2 resume ${app}</code>, or back with <code>gen2 rollback ${app}</code> or
          <code>gen2 abort ${app}</code>.
        </p>`
      : outcome === 'rolled-back'
        ? html`<p>Traffic is where it was. <code>gen2 abort ${app}</code> removes the temporary app.</p>`
        : undefined;
  return html`<section class="alert" aria-label="What failed">
    <h2>${failed.title} failed</h2>
    <p>${failed.says}</p>
    ${next}
  </section>`;
}

function section(title: string, body: Html | undefined): Html | undefined {
  if (body === undefined) return undefined;
  const id = title.toLowerCase().replace(/[^a-z]+/g, '-');
  return html`<section aria-labelledby="${id}">
    <h2 id="${id}">${title}</h2>
    ${body}
  </section>`;
}

function isDeleted({ steps }: Report): boolean {
  return steps.some(({ id, state }) => id === 'delete-old-app' && state === 'done');
}

function list(lines: readonly string[]): Html | undefined {
  if (lines.length === 0) return undefined;
  return html`<ul>
    ${lines.map((one) => html`<li>${one}</li>`)}
  </ul>`;
}

function dnsTitle({ outcome }: Report): string {
  return outcome === 'rolled-back' || outcome === 'aborted' ? 'DNS, put back as before' : 'DNS, before and after';
}

function dns({ dns: changes }: Report): Html | undefined {
  if (changes.length === 0) return undefined;
  const rows = changes.map(
    ({ name, type, before, after }) =>
      html`<tr>
        <th scope="row">${name} <span class="type">${type}</span></th>
        <td class="before">${before}</td>
        <td class="after">${after}</td>
      </tr>`,
  );
  return html`<table class="stacked">
    <thead>
      <tr>
        <th scope="col">record</th>
        <th scope="col">before</th>
        <th scope="col">after</th>
      </tr>
    </thead>
    <tbody>
      ${rows}
    </tbody>
  </table>`;
}

function decisions({ gates, humanWaits, plan }: Report): Html | undefined {
  if (gates.length + humanWaits.length === 0 && plan === undefined) return undefined;
  return html`${plan === undefined ? undefined : html`<p>Begun with the plan of ${moment(plan.madeAt)}, <code>${plan.fingerprint}</code>: nothing had changed since.</p>`}
  ${gates.map(decision)} ${humanWaits.length === 0 ? undefined : html`<h3>Asked of people</h3>`}
  ${list(humanWaits.map(({ what }) => what))}`;
}

function decision({ title, approved, by, comment, openedAt, waitedMs, shows }: GateReport): Html {
  const mood = approved === undefined ? 'open' : approved ? 'good' : 'bad';
  const answer = approved === undefined ? 'open' : approved ? 'approved' : 'rejected';
  const who = by === undefined ? '' : html` by <strong>${by}</strong>`;
  const when =
    waitedMs === undefined
      ? html`asked at ${moment(openedAt)}`
      : html`${moment(openedAt + waitedMs)}, after ${formatDuration(waitedMs)}`;
  return html`<article>
    <h3>${title} <span class="badge ${mood}">${answer}</span></h3>
    <p>
      ${answer === 'open' ? 'Not answered' : answer}${who};
      ${when}.${comment === undefined ? '' : html` <q>${comment}</q>`}
    </p>
    <details>
      <summary>What was shown</summary>
      ${list(shows)}
    </details>
  </article>`;
}

function cost({ cost: forecast }: Report): Html | undefined {
  if (forecast === undefined) return undefined;
  const { before, after, pricesOf } = forecast;
  return html`<p>
    <strong>$${before.toFixed(2)}</strong> a month before, <strong>$${after.toFixed(2)}</strong> after, for balancers;
    list prices of ${pricesOf}, without traffic.
  </p>`;
}
