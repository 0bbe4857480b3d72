import { MigrationError } from '../../errors.ts';
import type { Engine } from '../../orchestrator/engine.ts';
import type { MigrationResult } from '../../orchestrator/migrate.ts';

export type Attempt = 'start' | 'resume' | 'abort';

/** How often a person takes a stopped migration up again before giving it up. */
const MAX_RESUMES = 5;
/** How often it is begun, resumed and taken back altogether before it counts as stuck in between. */
const MAX_ATTEMPTS = 15;

/**
 * Brings a migration to an end as a patient person would: takes it up again when it stopped; takes it back when that
 * does not help, when somebody said no, or when it has put the records back by itself.
 *
 * @throws the last failure when it is stuck in between, or `signal` was aborted.
 */
export async function seeThrough(
  {
    app,
    engine,
    attempt,
    onStop,
  }: {
    readonly app: string;
    /** Only asked what it knows. */
    readonly engine: Pick<Engine, 'list'>;
    readonly attempt: (what: Attempt) => Promise<MigrationResult>;
    /** Called with each failure, and what is done about it. */
    readonly onStop: (error: MigrationError, next: Attempt) => void;
  },
  signal: AbortSignal,
): Promise<MigrationResult> {
  let what: Attempt = 'start';
  let resumes = 0;
  for (let attempts = 1; ; attempts += 1) {
    try {
      return await attempt(what);
    } catch (error) {
      if (signal.aborted || !MigrationError.is(error) || attempts >= MAX_ATTEMPTS) throw error;
      const next = await afterFailure(error);
      if (next === 'resume') resumes += 1;
      onStop(error, next);
      what = next;
    }
  }

  async function afterFailure(error: MigrationError): Promise<Attempt> {
    const [view] = await engine.list({ app });
    if (view === undefined) return 'start';
    if (view.outcome === 'rolled-back' || error.code === 'GATE_REJECTED') return 'abort';
    if (view.direction !== 'forward' || error.code === 'POINT_OF_NO_RETURN') return 'resume';
    return resumes < MAX_RESUMES ? 'resume' : 'abort';
  }
}
