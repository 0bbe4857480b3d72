import { pathToFileURL } from 'node:url';
import { EXIT_CODES } from '../../errors.ts';
import { appArgument } from '../arguments.ts';
import type { Invocation } from '../command.ts';
import { openPage } from '../open-page.ts';
import { OPTIONS } from '../options/options.ts';
import { reportHtml } from '../report/html/report-html.ts';
import { writeReportFiles } from '../report/report-files.ts';
import { buildReport, type Report } from '../report/report.ts';
import { reportMarkdown } from '../report/report-markdown.ts';
import { reportText, tableWidth } from '../report/report-text.ts';
import { newestExecution, openEngine } from '../state.ts';
import { writeOutput } from '../write-output.ts';

/** Gives the report of the newest execution of an app, over or not. */
export async function run(invocation: Invocation): Promise<number> {
  const { shell, options } = invocation;
  const filter = { rack: options.get(OPTIONS.rack), app: appArgument(invocation) };
  const view = await newestExecution(openEngine(invocation), filter);
  if (options.has(OPTIONS.open)) {
    const page = pathToFileURL(await writeReportFiles(invocation, view)).href;
    await openPage(page, shell);
    shell.stdout.write(`${page}\n`);
    return EXIT_CODES.ok;
  }
  await writeOutput(invocation, inForm(invocation, buildReport(view)));
  return EXIT_CODES.ok;
}

function inForm({ shell, options, style }: Invocation, report: Report): string {
  if (options.has(OPTIONS.json)) return `${JSON.stringify(report)}\n`;
  if (options.has(OPTIONS.markdown)) return reportMarkdown(report);
  if (options.has(OPTIONS.html)) return reportHtml(report);
  return reportText(report, { style, ...tableWidth(shell.stdout) });
}
