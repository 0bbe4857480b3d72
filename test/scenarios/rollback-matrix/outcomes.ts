/** What became of each cell of the matrix, and the table of it. */
export const CAUSES = ['throws', 'timesOut', 'killed', 'refuses'] as const;
export type Cause = (typeof CAUSES)[number];

export interface Outcome {
  /** How the step failed. */
  readonly how: string;
  /** The world's state in the end. */
  readonly end: string;
}

interface Place {
  readonly row: string;
  readonly cause: Cause;
}

const TITLES: Readonly<Record<Cause, string>> = {
  throws: 'throws',
  timesOut: 'times out',
  killed: 'killed',
  refuses: 'refuses by a gate',
};

export class Outcomes {
  readonly #rows = new Map<string, Map<Cause, Outcome>>();

  add({ row, cause }: Place, outcome: Outcome): void {
    const cells = this.#rows.get(row) ?? new Map<Cause, Outcome>();
    this.#rows.set(row, cells.set(cause, outcome));
  }

  of({ row, cause }: Place): Outcome {
    return this.#rows.get(row)?.get(cause) ?? { how: 'not run', end: 'not run' };
  }

  /** Prints step × cause → how it failed → end state. */
  print(title: string): void {
    const lines = [...this.#rows].map(([row, cells]) => [
      row,
      ...CAUSES.map((cause) => {
        const cell = cells.get(cause);
        return cell === undefined ? '' : `${cell.how} → ${cell.end.split('\n')[0] ?? ''}`;
      }),
    ]);
    const table = [[title, ...CAUSES.map((cause) => TITLES[cause])], ...lines];
    const widths = (table[0] ?? []).map((_, column) => Math.max(...table.map((line) => (line[column] ?? '').length)));
    const text = table.map((line) => `| ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`);
    process.stdout.write(`\n${text.join('\n')}\n`);
  }
}
