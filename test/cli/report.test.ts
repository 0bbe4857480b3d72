import { describe, expect, test } from 'vitest';
import { styleFor } from '../../src/cli/output/style.ts';
import { statusText } from '../../src/cli/output/status-text.ts';
import { buildReport, countHumanWaits } from '../../src/cli/report/report.ts';
import { reportMarkdown } from '../../src/cli/report/report-markdown.ts';
import { reportText } from '../../src/cli/report/report-text.ts';
import { deleteOldApp, POINT_OF_NO_RETURN } from '../../src/orchestrator/steps/commit.ts';
import { at, finished, START, started, waiting } from './support/events.ts';
import { Written } from './support/test-shell.ts';
import { view } from './support/views.ts';

const style = styleFor(new Written(), {});

const GATE = { gate: 'approve-cutover', title: 'Move the traffic', shows: ['a → b'] } as const;

describe('a report', () => {
  test('gives each step the time from its first beginning to its end, over restarts', () => {
    const report = buildReport(
      view([started('build', 0), started('build', 60), finished('build', 90), started('deploy', 90)]),
    );

    expect(report.steps.map(({ id, state, durationMs }) => [id, state, durationMs])).toEqual([
      ['build', 'done', 90_000],
      ['deploy', 'running', 0],
    ]);
  });

  test('keeps what failed and what was taken back, with what could not be', () => {
    const report = buildReport(
      view(
        [
          started('build', 0),
          at(5, { type: 'step-failed', step: 'build', code: 'BUILD_FAILED', message: 'no base image' } as const),
          at(6, { type: 'undo-started', step: 'build', title: 'Build' } as const),
          at(7, { type: 'undo-finished', step: 'build' } as const),
          at(8, { type: 'undo-started', step: 'app', title: 'App' } as const),
          at(9, { type: 'undo-failed', step: 'app', code: 'APP_DELETE_FAILED', message: 'in use' } as const),
        ],
        { outcome: 'aborted' },
      ),
    );

    expect(report.steps[0]).toMatchObject({ state: 'failed', says: '[BUILD_FAILED] no base image' });
    expect(report.undone).toEqual([
      expect.objectContaining({ id: 'build', title: 'Build', isDone: true, problem: undefined, durationMs: 1000 }),
      expect.objectContaining({ id: 'app', title: 'App', isDone: false, problem: '[APP_DELETE_FAILED] in use' }),
    ]);
  });

  test('counts gates and other waits for people, and how long a gate was open', () => {
    const report = buildReport(
      view([
        at(0, { type: 'gate-opened', ...GATE } as const),
        at(90, { type: 'gate-answered', gate: GATE.gate, approved: true, by: 'ann', comment: 'go' } as const),
        at(95, { type: 'human-wait', step: 'promote', what: 'mail to admin@example.com' } as const),
      ]),
    );

    expect(countHumanWaits(report)).toBe(2);
    expect(report.gates).toEqual([
      { ...GATE, approved: true, by: 'ann', comment: 'go', openedAt: START, waitedMs: 90_000 },
    ]);
  });

  test('shows records as they were before anything was changed, and as they were written in the end', () => {
    const switched = [
      { name: 'shop.example.com', type: 'A', before: 'alias old.elb, TTL lowered', after: 'alias newer.elb' },
    ];
    const record = view([]);

    const { dns } = buildReport({
      ...record,
      results: new Map<string, unknown>([...record.results, ['switch-records/plan', { changes: switched }]]),
    });

    expect(dns).toEqual([{ name: 'shop.example.com', type: 'A', before: 'alias old.elb', after: 'alias newer.elb' }]);
  });

  test('shows the TTL that was put back, once it was', () => {
    const set = (seconds: number) => ({
      ...{ Name: 'www.example.com.', Type: 'CNAME', TTL: seconds },
      ResourceRecords: [{ Value: 'new.elb.' }],
    });
    const batches = [{ zoneId: 'Z1', zoneName: 'example.com.', before: [set(60)], after: [set(300)] }];
    const switched = {
      name: 'www.example.com',
      type: 'CNAME',
      before: 'old.elb (TTL 60 s)',
      after: 'new.elb (TTL 60 s)',
    };
    const afterSwitch = (events: Parameters<typeof view>[0]) =>
      buildReport({
        ...view(events),
        results: new Map<string, unknown>([
          ['switch-records/plan', { changes: [switched] }],
          ['restore-ttl/batches', batches],
        ]),
      }).dns.map(({ after }) => after);

    const begun = started('restore-ttl', 0);
    expect(afterSwitch([begun])).toEqual(['new.elb (TTL 60 s)']);
    expect(afterSwitch([begun, finished('restore-ttl', 5)])).toEqual(['new.elb (TTL 300 s)']);
  });

  test('puts what was counted at several times together, each minute once', () => {
    const minute = (atSeconds: number, figures: readonly [number, number, number, number]) => {
      const [newRequests, newErrors, oldRequests, oldErrors] = figures;
      return { at: START + atSeconds * 1000, newRequests, newErrors, oldRequests, oldErrors };
    };
    const counted = (step: string, app: string, minutes: readonly ReturnType<typeof minute>[]) =>
      at(300, { type: 'traffic', step, app, minutes } as const);

    const { traffic } = buildReport(
      view([
        counted('confirm-traffic', 'shop-gen2', [minute(0, [0, 0, 90, 1]), minute(60, [40, 2, 50, 0])]),
        counted('confirm-final-traffic', 'shop', [minute(60, [0, 0, 0, 0]), minute(120, [70, 0, 0, 0])]),
        counted('confirm-final-traffic', 'shop-gen2', [minute(60, [40, 2, 0, 0]), minute(120, [20, 1, 0, 0])]),
      ]),
    );

    expect(traffic.points.map(({ old, temporary, final, errors }) => [old, temporary, final, errors])).toEqual([
      [90, 0, 0, 1],
      [50, 40, 0, 2],
      [0, 20, 70, 1],
    ]);
  });

  test('knows the times in which nothing was told', () => {
    const { pauses } = buildReport(view([started('build', 0), finished('build', 60), started('deploy', 7260)]));

    expect(pauses).toEqual([{ from: START + 60_000, to: START + 7_260_000 }]);
  });

  test('can be made of an execution that died before it had looked at anything', () => {
    const report = buildReport(view([], { results: new Map() }));

    expect(report).toMatchObject({ rackVersion: undefined, steps: [], dns: [], cost: undefined });
    expect(reportText(report, { style })).toContain('not over');
  });

  test('for people shows simulated and real time, and failed requests under the step that was running', () => {
    const report = buildReport(view([started('build', 0), finished('build', 60)], { outcome: 'succeeded' }));

    const text = reportText(report, {
      style,
      figures: {
        procedure: 'gen2',
        scale: 60,
        wallMs: 1_500,
        requests: {
          sent: 100,
          failed: 3,
          failures: [
            {
              ...{ step: 'build', cause: 'status 503', count: 3, fromMs: 20_000, toMs: 80_000 },
              ...{ hosts: ['shop.example.com'], why: 'no target' },
            },
          ],
        },
        apiCalls: [
          ['rack', 12],
          ['acm', 3],
        ],
      },
    });

    expect(text).toBe(`Migration of shop on rack convox (version 20171213132441): succeeded
  1 min simulated, 2 s real; execution 20260105-090000-aaaa

Steps
     step   phase    simulated  real
  ✓  build  prepare      1 min   1 s  did build
      3 requests failed: status 503 (shop.example.com), 20 s to 1 min 20 s after the start

DNS, before → after
  shop.example.com A
    - alias old.elb
    + alias new.elb

Requests: 100 sent, 3 failed
  build: 3 requests failed: status 503 (shop.example.com), 20 s to 1 min 20 s after the start
    no target

Waits for a person: 0

API calls: 15
  rack  12
  acm    3

Deleted
  - app shop
  - classic ELB shop-web

Cost: $43.80 a month before, $16.43 after (list prices of us-east-1, 2026)
`);
  });

  test('in Markdown has the decisions with who took them', () => {
    const report = buildReport(
      view([
        at(0, { type: 'gate-opened', ...GATE } as const),
        at(1, { type: 'gate-answered', gate: GATE.gate, approved: false, by: 'ann', comment: 'not today' } as const),
      ]),
    );

    expect(reportMarkdown(report)).toContain(
      '| Move the traffic | rejected | ann | 2026-01-05T09:00:01.000Z | not today |',
    );
  });
});

describe('the status', () => {
  const now = START + 120_000;

  test('of a running execution says what it waits for', () => {
    const text = statusText(
      view([finished('build', 1, 'build B1'), started('deploy', 2), waiting('deploy', 60, 'CREATE_IN_PROGRESS')], {
        holder: 'process 7 on host',
      }),
      now,
      style,
    );

    expect(text).toContain('shop on rack convox: running in process 7 on host');
    expect(text).toContain('begun 2 min ago');
    expect(text).toContain('last done: build: build B1');
    expect(text).toContain('waits for the stack (1 min 1 s); last seen: CREATE_IN_PROGRESS');
  });

  test('of one at a gate shows what is to be agreed to, and how', () => {
    const text = statusText(view([], { openGate: GATE }), now, style);

    expect(text).toContain('waits for approval: Move the traffic\n    a → b\n');
    expect(text).toContain('next: `gen2 approve shop`, then `gen2 resume shop`');
  });

  test('of one that failed shows why, and both ways on', () => {
    const text = statusText(
      view([
        started('build', 0),
        at(5, { type: 'step-failed', step: 'build', code: 'BUILD_FAILED', message: 'no base image' } as const),
      ]),
      now,
      style,
    );

    expect(text).toContain('failed: build: [BUILD_FAILED] no base image');
    expect(text).toContain('next: `gen2 resume shop`; or back: `gen2 rollback shop`, `gen2 abort shop`');
  });

  test('of one whose old app is being deleted names no way back', () => {
    const begun = new Map<string, unknown>([[`${deleteOldApp.id}/${POINT_OF_NO_RETURN}`, true]]);

    const text = statusText(view([started(deleteOldApp.id, 0)], { results: begun }), now, style);

    expect(text).toContain('next: `gen2 resume shop`; there is no way back: the deletion of the old app has begun\n');
    expect(text).not.toMatch(/rollback|abort/);
  });

  test.each([
    [{ outcome: 'succeeded' } as const, 'shop on rack convox: succeeded'],
    [{ outcome: 'rolled-back' } as const, 'next: `gen2 abort shop` removes the temporary app'],
    [{ isPaused: true, holder: 'process 7' } as const, 'paused in process 7'],
    [{ direction: 'abort', holder: 'process 7' } as const, 'going back (abort) in process 7'],
  ])('of %o', (change, expected) => {
    expect(statusText(view([], change), now, style)).toContain(expected);
  });
});
