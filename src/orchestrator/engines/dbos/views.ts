import type { WorkflowStatus } from '@dbos-inc/dbos-sdk';
import { MigrationError } from '../../../errors.ts';
import { formatDuration } from '../../../time/wait.ts';
import type { ExecutionFilter, ExecutionView } from '../../engine.ts';
import type { Database } from './database.ts';
import { isPaused } from './dbos-recorder.ts';
import { parseInput, readHistory } from './history.ts';
import { describeLease, findLease } from './lease.ts';
import { WORKFLOW } from './runtime.ts';
import { parseWorkflowId, workflowPrefix } from './workflow-id.ts';

/** An execution as DBOS has it. */
export interface StoredExecution {
  readonly view: ExecutionView;
  readonly workflow: string;
  /** While it waits in the queue: who asked for it, and how long ago. */
  readonly waits?: string;
}

/** All executions that fit, newest first; none in a database where none was ever begun. */
export async function listStored(database: Database, filter: ExecutionFilter): Promise<readonly StoredExecution[]> {
  const stored: StoredExecution[] = [];
  for (const status of await listWorkflows(database, filter)) stored.push(await readStored(database, status));
  return stored;
}

/** The newest execution that fits. @throws {MigrationError} `EXECUTION_NOT_FOUND`, `USAGE` when racks must be told apart. */
export async function newestStored(database: Database, filter: ExecutionFilter): Promise<StoredExecution> {
  const workflows = await listWorkflows(database, filter);
  const racks = new Set(workflows.map(({ workflowID }) => parseWorkflowId(workflowID).rack));
  const what = filter.app ?? 'any app';
  if (racks.size > 1) {
    throw new MigrationError('USAGE', `${what} has executions on several racks: ${[...racks].join(', ')}`, {
      hint: 'Name the rack with --rack.',
    });
  }
  const [newest] = workflows;
  if (newest !== undefined) return readStored(database, newest);
  throw new MigrationError('EXECUTION_NOT_FOUND', `no execution of ${what} in ${database.location}`, {
    hint: 'Begin one with `gen2 migrate`, or name another database or state directory with --state.',
  });
}

async function listWorkflows(database: Database, { rack, app }: ExecutionFilter): Promise<readonly WorkflowStatus[]> {
  const listed = await database.ask((client) =>
    client.listWorkflows({
      workflowName: WORKFLOW,
      sortDesc: true,
      loadOutput: false,
      ...(rack === undefined ? {} : { workflow_id_prefix: workflowPrefix(rack, app) }),
    }),
  );
  return listed.filter(({ workflowID }) => app === undefined || parseWorkflowId(workflowID).app === app);
}

async function readStored(
  database: Database,
  { workflowID, input, status, createdAt }: WorkflowStatus,
): Promise<StoredExecution> {
  const given = parseInput(workflowID, input?.[0]);
  const operations = (await database.ask((client) => client.listWorkflowSteps(workflowID))) ?? [];
  const { state } = readHistory(workflowID, given, operations);
  const lease = await findLease(database, given.rack, given.app);
  const view: ExecutionView = {
    ...state,
    location: `${database.location} (${workflowID})`,
    isPaused: await isPaused(database, workflowID),
    holder: lease?.execution === state.id ? describeLease(lease) : undefined,
  };
  if (status !== 'ENQUEUED') return { view, workflow: workflowID };
  const age = formatDuration(Math.max(0, (await database.now()) - createdAt));
  return { view, workflow: workflowID, waits: `asked for by ${given.by ?? 'an earlier gen2'} ${age} ago` };
}
