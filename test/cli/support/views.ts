import type { ExecutionView } from '../../../src/orchestrator/engine.ts';
import type { MigrationEvent } from '../../../src/orchestrator/events.ts';
import { START } from './events.ts';
import { ASSESSMENT } from './plans.ts';

/** An execution as its engine shows it, with these events on its record. */
export function view(events: readonly MigrationEvent[], change: Partial<ExecutionView> = {}): ExecutionView {
  return {
    id: '20260105-090000-aaaa',
    rack: 'convox',
    app: 'shop',
    settings: {},
    createdAt: START,
    updatedAt: START,
    direction: 'forward',
    outcome: undefined,
    openGate: undefined,
    isPaused: false,
    events,
    results: new Map<string, unknown>([['assess', JSON.parse(JSON.stringify(ASSESSMENT)) as unknown]]),
    holder: undefined,
    location: '/state/convox/shop/20260105-090000-aaaa',
    ...change,
  };
}
