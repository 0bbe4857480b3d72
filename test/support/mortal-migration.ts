import { join } from 'node:path';
import type { Attempt } from '../../src/cli/rehearsal/see-through.ts';
import { exportFolder } from '../../src/connect/folders.ts';
import { MigrationError } from '../../src/errors.ts';
import type { GateAnswer } from '../../src/orchestrator/engine.ts';
import { LocalEngine } from '../../src/orchestrator/engines/local/local-engine.ts';
import {
  resumeMigration,
  startMigration,
  undoMigration,
  type MigrateRequest,
  type MigrationResult,
} from '../../src/orchestrator/migrate.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { scaledClock, type Clock } from '../../src/time/clock.ts';
import { connectToSandbox } from './shop-migration.ts';

const APP = 'shop';

/**
 * A migration of the sandbox's shop whose process can die at any line of its journal. Each attempt is made as by a new
 * process: with an engine and connections of its own. The source is in `source` of its folder, the state in `state`.
 */
export class MortalMigration {
  readonly #sandbox: Sandbox;
  readonly #folder: string;
  readonly #clock: Clock;
  readonly #rejects: string | undefined;

  /** `rejects`: the gate at which the operator says no. */
  constructor(sandbox: Sandbox, folder: string, { rejects }: { readonly rejects?: string } = {}) {
    this.#sandbox = sandbox;
    this.#folder = folder;
    this.#clock = scaledClock(sandbox.clock);
    this.#rejects = rejects;
  }

  engine(clock: Clock = this.#clock): LocalEngine {
    const exists = (pid: number): boolean => pid === process.pid;
    return new LocalEngine({
      state: join(this.#folder, 'state'),
      clock,
      process: { pid: process.pid, exists },
      approver: (gate): Promise<GateAnswer> =>
        Promise.resolve({ approved: gate !== this.#rejects, by: 'test operator' }),
    });
  }

  /**
   * `dies`: instead of writing this line of its journal, or when this is aborted.
   *
   * @throws {MigrationError} `STOPPED` when the process died.
   */
  async attempt(what: Attempt, dies?: number | AbortSignal): Promise<MigrationResult> {
    const life = new AbortController();
    const signal = dies instanceof AbortSignal ? dies : life.signal;
    let lines = 0;
    // The journal asks its clock right before it writes a line: from the one at which the process dies on, none is
    // written, and what is under way is cut off.
    const clock: Clock = {
      ...this.#clock,
      now: () => {
        lines += 1;
        if (lines === dies) life.abort(new Error('died'));
        signal.throwIfAborted();
        return this.#clock.now();
      },
    };
    try {
      const connection = await connectToSandbox(this.#sandbox, { readOnly: false });
      try {
        const state = join(this.#folder, 'state');
        const request: MigrateRequest = {
          ports: connection.ports,
          engine: this.engine(clock),
          exportTo: (execution) => exportFolder(join(state, 'convox', APP, execution, 'export')),
        };
        const settings = { app: APP, sourceFolder: join(this.#folder, 'source') };
        if (what === 'start') return await startMigration({ ...request, settings }, signal);
        if (what === 'resume') return await resumeMigration({ ...request, filter: { app: APP } }, signal);
        return await undoMigration({ ...request, filter: { app: APP }, direction: 'abort' }, signal);
      } finally {
        connection.close();
      }
    } catch (error) {
      if (signal.aborted) throw new MigrationError('STOPPED', `the process died at line ${lines}`);
      throw error;
    }
  }
}
