import type { Finding, Severity } from './finding.ts';

const ORDER: readonly Severity[] = ['blocker', 'choice', 'change', 'info'];
const MIN_TEXT_COLUMNS = 24;

/**
 * Renders findings as a table for a terminal of `columns` characters: severity, service, place, what and what to do,
 * the weightiest first, with a summary line. Below about 80 columns each finding becomes a short paragraph.
 */
export function renderFindings(findings: readonly Finding[], columns = 100): string {
  if (findings.length === 0) return 'No findings.\n';
  const sorted = findings.toSorted((a, b) => ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity));
  const rows = sorted.map((finding) => ({
    finding,
    cells: [finding.severity, finding.service ?? '-', placeOf(finding)],
  }));
  const widths = ['severity', 'service', 'line'].map((title, index) =>
    Math.max(title.length, ...rows.map(({ cells }) => (cells[index] ?? '').length)),
  );
  const fixed = widths.reduce((sum, width) => sum + width + 2, 0);
  const room = Math.floor((columns - fixed - 2) / 2);
  const body =
    room < MIN_TEXT_COLUMNS
      ? sorted.map((finding) => paragraph(finding, Math.max(columns, 20))).join('\n')
      : [
          tableLine(['severity', 'service', 'line'], widths, ['what'], ['what to do'], room),
          ...rows.map(({ finding, cells }) =>
            tableLine(cells, widths, wrap(finding.message, room), wrap(finding.hint, room), room),
          ),
        ].join('\n');
  return `${body}\n\n${summarize(findings)}\n`;
}

/** `2 blockers, 1 choice, 12 changes, 3 infos`. */
export function summarize(findings: readonly Finding[]): string {
  const counts = ORDER.map((severity) => {
    const count = findings.filter((finding) => finding.severity === severity).length;
    return count === 0 ? undefined : `${count} ${severity}${count === 1 ? '' : 's'}`;
  });
  return counts.filter((count) => count !== undefined).join(', ') || 'no findings';
}

function placeOf({ file, line }: Finding): string {
  const name = file === undefined ? '' : file;
  if (line === undefined) return name === '' ? '-' : name;
  return name === '' ? String(line) : `${name}:${line}`;
}

function tableLine(
  cells: readonly string[],
  widths: readonly number[],
  what: readonly string[],
  todo: readonly string[],
  room: number,
): string {
  const height = Math.max(what.length, todo.length, 1);
  return Array.from({ length: height }, (_, index) => {
    const left = widths.map((width, column) => (index === 0 ? (cells[column] ?? '') : '').padEnd(width)).join('  ');
    return `${left}  ${(what[index] ?? '').padEnd(room)}  ${todo[index] ?? ''}`.trimEnd();
  }).join('\n');
}

function paragraph(finding: Finding, columns: number): string {
  const head = `${finding.severity}  ${placeOf(finding)}${finding.service === undefined ? '' : `  ${finding.service}`}`;
  const lines = [...wrap(finding.message, columns - 2), ...wrap(`-> ${finding.hint}`, columns - 2)];
  return [head, ...lines.map((line) => `  ${line}`)].join('\n');
}

/** Breaks text at spaces; longer words are cut. */
function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = '';
    }
    line = line === '' ? word : `${line} ${word}`;
    while (line.length > width) {
      lines.push(line.slice(0, width));
      line = line.slice(width);
    }
  }
  return [...lines, line];
}
