import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Engine, ExecutionView } from '../../orchestrator/engine.ts';
import type { Invocation } from '../command.ts';
import { OPTIONS } from '../options/options.ts';
import { stateFolder } from '../state.ts';
import { reportHtml } from './html/report-html.ts';
import { reportMarkdown } from './report-markdown.ts';
import { buildReport, type Report } from './report.ts';

/** The three forms of a report, by the name of the file they are kept in. */
const FORMS: readonly (readonly [file: string, write: (report: Report) => string])[] = [
  ['report.html', reportHtml],
  ['report.md', reportMarkdown],
  ['report.json', (report) => `${JSON.stringify(report, undefined, 2)}\n`],
];

/**
 * Leaves the report of an execution beside its exports, in all forms, however it ended, and says where. That it cannot be
 * written is told and fails nothing: the journal has everything, and `gen2 report` makes it again.
 */
export async function leaveReport(
  invocation: Invocation,
  { engine, execution }: { readonly engine: Pick<Engine, 'list'>; readonly execution: string },
): Promise<void> {
  try {
    const view = (await engine.list({})).find(({ id }) => id === execution);
    if (view === undefined) return;
    const path = await writeReportFiles(invocation, view);
    tell(invocation, `report: ${pathToFileURL(path).href}`);
  } catch (error) {
    tell(invocation, `! the report could not be written: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Writes `report.html`, `report.md` and `report.json`; gives the path of the page. */
export async function writeReportFiles(
  invocation: Pick<Invocation, 'shell' | 'options' | 'secrets'>,
  view: ExecutionView,
): Promise<string> {
  const folder = join(stateFolder(invocation), view.rack, view.app, view.id);
  const report = buildReport(view);
  await mkdir(folder, { recursive: true });
  for (const [file, write] of FORMS) await writeFile(join(folder, file), invocation.secrets.apply(write(report)));
  return join(folder, 'report.html');
}

function tell({ shell, options }: Invocation, text: string): void {
  if (options.has(OPTIONS.json) || options.has(OPTIONS.quiet)) return;
  shell.stderr.write(`${text}\n`);
}
