import type { Invocation } from '../command.ts';
import { runMigration } from '../run-migration.ts';

export function run(invocation: Invocation): Promise<number> {
  return runMigration(invocation, { kind: 'undo', direction: 'rollback' });
}
