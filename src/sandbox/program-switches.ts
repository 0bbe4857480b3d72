import type { Program, TaskDefinition } from './model/compute.ts';

export interface ProgramMatch {
  readonly app: string;
  /** Absent = all services of the app. */
  readonly service?: string;
}

/** Changes how programs behave while they run: an app that turns slow, fails now and then, or moves its health page. */
export class ProgramSwitches {
  readonly #switches = new Set<{ readonly match: ProgramMatch; readonly change: Partial<Program> }>();

  /** Returns a function that takes the change away. */
  add(match: ProgramMatch, change: Partial<Program>): () => void {
    const entry = { match, change };
    this.#switches.add(entry);
    return () => this.#switches.delete(entry);
  }

  /** The program as it behaves now; later changes win. */
  programOf({ app, service, program }: TaskDefinition): Program {
    if (this.#switches.size === 0) return program;
    let now = program;
    for (const { match, change } of this.#switches) {
      if (match.app === app && (match.service === undefined || match.service === service)) now = { ...now, ...change };
    }
    return now;
  }
}
