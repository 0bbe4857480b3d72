import { MigrationError } from '../../../errors.ts';
import type { ExecutionView } from '../../../orchestrator/engine.ts';
import type { Phase } from '../../../orchestrator/events.ts';
import { SHOP } from '../../../sandbox/scenario/shop.ts';
import type { ProcedureEnd, RehearsalStage } from '../stage.ts';
import { lookUpCrossing, openUrl, pointDomains, watchTraffic, type Crossing } from './domains.ts';
import { handWrittenManifest } from './hand-written-manifest.ts';
import { Person } from './person.ts';
import {
  changeLink,
  copyEnvironment,
  createApp,
  deleteApp,
  deploy,
  refusedDeletion,
  setInternal,
  type Hands,
} from './rack-commands.ts';

const TEMPORARY_APP = 'shop-g2';
const SERVICES = [
  { name: 'web', role: 'public' },
  { name: 'api', role: 'internal' },
] as const;

interface Step {
  readonly id: string;
  readonly phase: Exclude<Phase, 'plan'>;
  readonly title: string;
  readonly run: (work: Work, signal: AbortSignal) => Promise<void>;
}

/** What the steps share. */
interface Work {
  readonly hands: Hands;
  readonly stage: RehearsalStage;
  manifest: string;
  crossing: Crossing | undefined;
}

/** The sequence of the article, top to bottom, done by one person at a terminal and a browser. */
const SEQUENCE: readonly Step[] = [
  {
    id: 'look-at-rack',
    phase: 'prepare',
    title: 'See that the rack is recent enough',
    async run({ hands: { person, rack } }, signal) {
      await person.does('convox rack', signal);
      await rack.system.get(signal);
    },
  },
  {
    id: 'enable-internal',
    phase: 'prepare',
    title: 'Give the rack its internal balancer',
    run: ({ hands }, signal) => setInternal(hands, signal),
  },
  {
    id: 'create-temporary-app',
    phase: 'prepare',
    title: 'Create a temporary generation 2 app',
    run: ({ hands }, signal) => createApp(hands, TEMPORARY_APP, signal),
  },
  {
    id: 'copy-environment',
    phase: 'prepare',
    title: 'Copy the environment to it',
    run: ({ hands }, signal) => copyEnvironment(hands, SHOP.app, TEMPORARY_APP, signal),
  },
  {
    id: 'write-convox-yml',
    phase: 'prepare',
    title: 'Write convox.yml',
    async run(work, signal) {
      await work.hands.person.does('an editor: convox.yml from docker-compose.yml', signal);
      work.manifest = await handWrittenManifest({
        sourceFolder: work.stage.sourceFolder,
        rackVersion: work.stage.sandbox.world.settings.rackVersion,
        environmentNames: [...(await work.hands.rack.environment.get(TEMPORARY_APP, signal)).keys()],
      });
    },
  },
  {
    id: 'deploy-temporary-app',
    phase: 'prepare',
    title: 'Deploy it',
    run: (work, signal) => deployTo(work, TEMPORARY_APP, signal),
  },
  {
    id: 'test-urls',
    phase: 'prepare',
    title: 'Open its URLs',
    async run(work, signal) {
      const { hands, stage } = work;
      await hands.person.does(`convox services --app ${TEMPORARY_APP}`, signal);
      const found = await hands.rack.services.list(TEMPORARY_APP, signal);
      work.crossing = await lookUpCrossing(
        { person: hands.person, ports: stage.connection.ports },
        { app: SHOP.app, newApp: TEMPORARY_APP, services: SERVICES },
        signal,
      );
      for (const { name, role } of SERVICES) {
        const host = found.find((service) => service.name === name)?.domain ?? '';
        await openUrl(consoleOf(work), work.crossing.balancers[role], host, signal);
      }
    },
  },
  {
    id: 'point-domains',
    phase: 'cutover',
    title: "Point the names at the rack's balancers",
    run: (work, signal) => pointDomains(consoleOf(work), crossingOf(work), signal),
  },
  {
    id: 'watch-traffic',
    phase: 'cutover',
    title: 'Watch the traffic move',
    run: (work, signal) => watchTraffic(consoleOf(work), crossingOf(work), signal),
  },
  {
    id: 'delete-old-app',
    phase: 'commit',
    title: 'Delete the old app',
    async run({ hands }, signal) {
      await refusedDeletion(hands, SHOP.app, signal);
      await changeLink(hands, { verb: 'unlink', resource: SHOP.resource, app: SHOP.app }, signal);
      await deleteApp(hands, SHOP.app, signal);
    },
  },
  {
    id: 'create-app-again',
    phase: 'commit',
    title: 'Create it again as generation 2',
    run: ({ hands }, signal) => createApp(hands, SHOP.app, signal),
  },
  {
    id: 'copy-environment-back',
    phase: 'commit',
    title: 'Copy the environment back',
    run: ({ hands }, signal) => copyEnvironment(hands, TEMPORARY_APP, SHOP.app, signal),
  },
  {
    id: 'deploy-app-again',
    phase: 'commit',
    title: 'Deploy it',
    async run(work, signal) {
      await deployTo(work, SHOP.app, signal);
      await changeLink(work.hands, { verb: 'link', resource: SHOP.resource, app: SHOP.app }, signal);
    },
  },
  {
    id: 'delete-temporary-app',
    phase: 'commit',
    title: 'Delete the temporary app',
    run: ({ hands }, signal) => deleteApp(hands, TEMPORARY_APP, signal),
  },
];

/** Migrates the app as the article tells its reader to, by hand. */
export async function articleProcedure(stage: RehearsalStage, signal: AbortSignal): Promise<ProcedureEnd> {
  const { clock, listener, operatorMs, connection } = stage;
  const person = new Person({ clock, listener, reactionMs: operatorMs });
  const work: Work = { hands: { person, rack: connection.rack }, stage, manifest: '', crossing: undefined };
  stage.onMail((domain) => person.tell({ type: 'human-wait', step: person.step, what: `mail for ${domain}` }));
  const startedAt = clock.now();
  let failure: unknown;
  person.tell({ type: 'execution-started', execution: 'by hand', app: SHOP.app, resumed: false });
  try {
    for (const step of SEQUENCE) await perform(work, step, signal);
  } catch (error) {
    if (signal.aborted || !MigrationError.is(error)) throw error;
    failure = error;
  }
  person.tell({ type: 'execution-finished', outcome: failure === undefined ? 'succeeded' : 'failed' });
  return { view: viewOf(stage, person, startedAt, failure), failure };
}

async function perform(work: Work, { id, phase, title, run }: Step, signal: AbortSignal): Promise<void> {
  const { person } = work.hands;
  person.step = id;
  person.tell({ type: 'step-started', step: id, phase, title, says: title });
  try {
    await run(work, signal);
  } catch (error) {
    if (MigrationError.is(error)) {
      person.tell({ type: 'step-failed', step: id, code: error.code, message: error.message });
    }
    throw error;
  }
  person.tell({ type: 'step-finished', step: id, phase, says: title, wasDone: false });
}

function deployTo({ hands, stage, manifest }: Work, app: string, signal: AbortSignal): Promise<void> {
  return deploy(hands, { app, folder: stage.sourceFolder, manifest }, signal);
}

function consoleOf({ hands, stage }: Work) {
  return { person: hands.person, ports: stage.connection.ports };
}

function crossingOf({ crossing }: Work): Crossing {
  if (crossing !== undefined) return crossing;
  throw new MigrationError('EXECUTION_STATE', 'the names were not looked up');
}

/** The person's own notes, in the form of an execution's record, so that the same report can be made of them. */
function viewOf(
  { sandbox, clock }: RehearsalStage,
  person: Person,
  createdAt: number,
  failure: unknown,
): ExecutionView {
  return {
    id: 'by hand',
    rack: sandbox.world.settings.rackName,
    app: SHOP.app,
    settings: {},
    createdAt,
    updatedAt: clock.now(),
    direction: 'forward',
    outcome: failure === undefined ? 'succeeded' : 'failed',
    openGate: undefined,
    isPaused: false,
    events: person.events,
    results: new Map(),
    holder: undefined,
    location: 'nowhere',
  };
}
