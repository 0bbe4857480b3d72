import { fingerprint } from '../environments.ts';
import { toDo, type Step, type StepContext } from '../step.ts';

/** Puts on disk all of the old app that its deletion destroys, but for values of its environment. */
export const exportOldApp: Step = {
  id: 'export-old-app',
  phase: 'commit',
  title: 'Export the old app',
  expectedMs: 60_000,
  plan: ({ facts }) =>
    toDo(`export build, releases, manifest, parameters and records of ${facts.app} to the state directory`),
  async run(context, signal) {
    const { facts, ports, exports } = context;
    const { rack } = ports;
    const app = facts.app;
    const releases = await rack.releases.list(app, {}, signal);
    const builds = await rack.builds.list(app, {}, signal);
    const env = await rack.environment.get(app, signal);
    const active = facts.old.release === '' ? undefined : await rack.releases.get(app, facts.old.release, signal);

    await writeJson(context, 'app.json', { app, ...facts.old, rack: facts.rack });
    await writeJson(
      context,
      'releases.json',
      releases.map(({ id, build, created }) => ({ id, build, created })),
    );
    await writeJson(context, 'builds.json', builds);
    await writeJson(context, 'records.json', { records: facts.records, changes: facts.dns.changes });
    await writeJson(context, 'environment.json', {
      names: [...env.keys()].toSorted(),
      fingerprint: fingerprint(env, context.execution),
      values: 'not exported',
    });
    await exports.writeText('docker-compose.yml', active?.manifest ?? '');
    await exports.writeText('convox.yml', facts.manifest.text);
    const archive =
      active === undefined || active.build === '' ? undefined : await exportBuild(context, active.build, signal);
    await exports.writeText('README.md', readme(context, archive));
    return `exported to ${exports.location}`;
  },
};

async function exportBuild(context: StepContext, build: string, signal: AbortSignal): Promise<string> {
  const file = `${build}.tgz`;
  const archive = await context.ports.rack.builds.export(context.facts.app, build, signal);
  const { bytes } = await context.exports.writeStream(file, archive, signal);
  context.say(`build ${build} exported, ${bytes} bytes`);
  return file;
}

function writeJson(context: StepContext, name: string, data: unknown): Promise<void> {
  return context.exports.writeText(name, `${JSON.stringify(data, undefined, 2)}\n`);
}

function readme({ facts, execution }: StepContext, archive: string | undefined): string {
  const records = facts.records.map(({ name, type, says }) => `- ${name} ${type}: ${says}`).join('\n');
  return `# ${facts.app}, generation 1, on rack ${facts.rack.name}

Exported by execution ${execution} before the app was deleted.

To bring it back by hand:

1. Create a generation 1 app: \`POST /apps\` with \`name=${facts.app}&generation=1\` (the name must be free).
2. Set its environment. The values are not in this export; \`environment.json\` lists the names, and the fingerprint proves
   an environment equal (HMAC-SHA256 of the sorted \`NAME=value\` lines, key: the execution's id).
3. ${archive === undefined ? 'Build it from source; it had no build.' : `Import the build \`${archive}\` (\`convox builds import\`) and promote its release.`}
4. Set the parameters listed in \`app.json\`, and link ${facts.old.links.length === 0 ? 'nothing' : facts.old.links.join(', ')}.
5. Point these records at the new classic balancers:

${records}
`;
}
