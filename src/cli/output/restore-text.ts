import type { OldAppExport } from '../../orchestrator/old-app/read-export.ts';
import type { Restored, RestorePlan } from '../../orchestrator/old-app/restore.ts';
import { formatDuration } from '../../time/wait.ts';
import { columns, type Style } from './style.ts';

/** What `restore-old` will do, for a person to agree to. */
export function restorePlanText({ app, execution, steps }: RestorePlan, exported: OldAppExport, style: Style): string {
  const { facts, exportedAt, location } = exported;
  const day = new Date(exportedAt).toISOString().slice(0, 16).replace('T', ' ');
  const expected = steps.reduce((sum, { expectedMs }) => sum + expectedMs, 0);
  const lines = [
    style.bold(`${facts.app}, generation 1, as it was on ${day} UTC → ${app} on rack ${facts.rack.name}`),
    `from ${location}${execution === undefined ? '' : `; goes on with ${execution}`}`,
    ...steps.map(({ state, title, says }) => `  ${state === 'done' ? '=' : '·'} ${title}: ${style.dim(says)}`),
    `about ${formatDuration(expected)}; no record is changed, users see nothing`,
  ];
  return `${lines.join('\n')}\n`;
}

/** What came of it, and what leads users to it. `recordFile` is undefined when they are led there already. */
export function restoredText({ app, balancers, records }: Restored, recordFile: string | undefined): string {
  const rows = records.changes.map(({ name, type, before, after }) => [`  ${name}`, type, `${before} → ${after}`]);
  const lines = [
    `${app} runs as generation 1`,
    ...columns(balancers.map(({ service, dnsName }) => [`  ${service}`, dnsName])),
    ...records.notices.map((notice) => `! ${notice}`),
    ...(recordFile === undefined
      ? ['no record has to be put back']
      : ['records that lead to it when they are put back:', ...columns(rows), `  gen2 dns restore ${recordFile}`]),
  ];
  return `${lines.join('\n')}\n`;
}
