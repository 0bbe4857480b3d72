import { fingerprint } from '../environments.ts';
import { EXPORT_FILES, EXPORT_FORMAT, environmentSays, renderChecksums, sha256 } from '../old-app/export-format.ts';
import { exportReadme } from '../old-app/export-readme.ts';
import { sealEnvironment } from '../old-app/sealed-environment.ts';
import type { RecordBatch, SwitchPlan } from '../ports.ts';
import { toDo, type Step, type StepContext } from '../step.ts';
import { switchRecords } from './cutover.ts';
import { lowerTtl } from './ttl.ts';

/** Puts on disk all of the old app that its deletion destroys: enough for `gen2 restore-old` to bring it back. */
export const exportOldApp: Step = {
  id: 'export-old-app',
  phase: 'commit',
  title: 'Export the old app',
  expectedMs: 60_000,
  plan: ({ facts, settings }) =>
    toDo(
      `export build, releases, manifest, parameters and records of ${facts.app} to the state directory; ${environmentSays(settings)}`,
    ),
  async run(context, signal) {
    const { facts, settings, ports, exports, execution } = context;
    const { rack, clock } = ports;
    const { app } = facts;
    const sums = new Map<string, string>();
    const write = async (name: string, text: string): Promise<void> => {
      await exports.writeText(name, text);
      sums.set(name, sha256(text));
    };
    const writeJson = (name: string, data: unknown): Promise<void> =>
      write(name, `${JSON.stringify(data, undefined, 2)}\n`);

    const [releases, builds, env, parameters, services] = await Promise.all([
      rack.releases.list(app, {}, signal),
      rack.builds.list(app, {}, signal),
      rack.environment.get(app, signal),
      rack.apps.parameters(app, signal),
      rack.services.list(app, signal),
    ]);
    const active = facts.old.release === '' ? undefined : await rack.releases.get(app, facts.old.release, signal);
    const build = await exportBuild(context, active?.build ?? '', sums, signal);

    await writeJson(EXPORT_FILES.app, {
      ...{ format: EXPORT_FORMAT, execution, exportedAt: clock.now(), build: build ?? null, parameters },
      services: services.map(({ name, domain, count, cpu, memory }) => ({ name, domain, count, cpu, memory })),
      facts,
    });
    await writeJson(
      EXPORT_FILES.releases,
      releases.map(({ id, build: of, created }) => ({ id, build: of, created })),
    );
    await writeJson(EXPORT_FILES.builds, builds);
    const { records, dns } = facts;
    await writeJson(EXPORT_FILES.records, { records, changes: dns.changes, batches: recordBatches(context) });
    const { exportKeys: recipients = [] } = settings;
    await writeJson(EXPORT_FILES.environment, {
      names: [...env.keys()].toSorted(),
      fingerprint: fingerprint(env, execution),
      values: recipients.length === 0 ? 'not exported' : EXPORT_FILES.sealedEnvironment,
      recipients,
    });
    if (recipients.length > 0) await write(EXPORT_FILES.sealedEnvironment, await sealEnvironment(env, recipients));
    await write(EXPORT_FILES.oldManifest, active?.manifest ?? '');
    await write(EXPORT_FILES.newManifest, facts.manifest.text);
    await write(EXPORT_FILES.readme, exportReadme({ facts, execution, recipients, archive: build?.file }));
    await exports.writeText(EXPORT_FILES.checksums, renderChecksums(sums));
    return `exported to ${exports.location}; ${environmentSays(settings)}`;
  },
};

async function exportBuild(
  context: StepContext,
  id: string,
  sums: Map<string, string>,
  signal: AbortSignal,
): Promise<{ readonly id: string; readonly file: string } | undefined> {
  if (id === '') return undefined;
  const file = `${id}.tgz`;
  const archive = await context.ports.rack.builds.export(context.facts.app, id, signal);
  const { bytes, sha256: sum } = await context.exports.writeStream(file, archive, signal);
  sums.set(file, sum);
  context.say(`build ${id} exported, ${bytes} bytes`);
  return { id, file };
}

/** Every change this execution made to records so far, as it was written down before it was made. */
function recordBatches(context: StepContext): readonly RecordBatch[] {
  // Both were recorded before their first change, and have gone through JSON.
  const lowered = context.recorded('batches', lowerTtl.id) as readonly RecordBatch[] | undefined;
  const switched = context.recorded('plan', switchRecords.id) as SwitchPlan | undefined;
  return [...(lowered ?? []), ...(switched?.stages.flat() ?? [])];
}
