import { EXIT_CODES } from '../../errors.ts';
import { appArgument } from '../arguments.ts';
import type { Invocation } from '../command.ts';
import { OPTIONS } from '../options/options.ts';
import { buildReport } from '../report/report.ts';
import { reportMarkdown } from '../report/report-markdown.ts';
import { reportText, tableWidth } from '../report/report-text.ts';
import { newestExecution, openEngine } from '../state.ts';
import { writeOutput } from '../write-output.ts';

/** Prints the report of the newest execution of an app, over or not. */
export async function run(invocation: Invocation): Promise<number> {
  const { shell, options, style } = invocation;
  const filter = { rack: options.get(OPTIONS.rack), app: appArgument(invocation) };
  const report = buildReport(await newestExecution(openEngine(invocation), filter));
  const text = options.has(OPTIONS.json)
    ? `${JSON.stringify(report)}\n`
    : options.has(OPTIONS.markdown)
      ? reportMarkdown(report)
      : reportText(report, { style, ...tableWidth(shell.stdout) });
  await writeOutput(invocation, text);
  return EXIT_CODES.ok;
}
