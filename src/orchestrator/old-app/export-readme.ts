import type { Assessment } from '../plan.ts';
import { EXPORT_FILES } from './export-format.ts';

export interface ReadmeFacts {
  readonly facts: Assessment;
  readonly execution: string;
  /** Public keys the environment is encrypted for. */
  readonly recipients: readonly string[];
  /** File with the build; undefined if the app had none. */
  readonly archive: string | undefined;
}

/** How to bring the app back, with `gen2` and by hand. */
export function exportReadme({ facts, execution, recipients, archive }: ReadmeFacts): string {
  const { app, rack, old } = facts;
  const records = facts.records.map(({ name, type, says }) => `- ${name} ${type}: ${says}`).join('\n');
  const isSealed = recipients.length > 0;
  return `# ${app}, generation 1, on rack ${rack.name}

Exported by execution ${execution} before the app was deleted. \`sha256sum -c ${EXPORT_FILES.checksums}\` checks the files.

${
  isSealed
    ? `The values of its environment are in \`${EXPORT_FILES.sealedEnvironment}\`, encrypted for

${recipients.map((key) => `    ${key}`).join('\n')}

Without the secret key of one of these nobody can read them.`
    : `**The values of its environment are NOT in this export**, since no key was given for them (\`--export-key\`). The app
that replaced it has the same ones: \`gen2 restore-old --env-from\` takes them from there.`
}

## With gen2

    gen2 restore-old ${app} --as ${app}-old ${isSealed ? '--key-file KEY' : `--env-from ${app}`} --export .

creates it beside the app that replaced it, and says which records to put back. Without \`--as\` it gets its own name, which
must be free.

## By hand

1. Create a generation 1 app: \`POST /apps\` with \`name=${app}&generation=1\` (the name must be free).
2. Set its environment. ${
    isSealed
      ? `\`age -d -i KEY ${EXPORT_FILES.sealedEnvironment} | convox env set -a ${app}\``
      : `The values are not in this export; \`${EXPORT_FILES.environment}\` lists the names`
  }. The fingerprint in
   \`${EXPORT_FILES.environment}\` proves an environment equal (HMAC-SHA256 of the sorted \`NAME=value\` lines, key: the
   execution's id).
3. ${archive === undefined ? 'Build it from source; it had no build.' : `Import the build \`${archive}\` (\`convox builds import\`) and promote its release.`}
4. Set the parameters listed in \`${EXPORT_FILES.app}\`, and link ${old.links.length === 0 ? 'nothing' : old.links.join(', ')}.
5. Point these records at the new classic balancers:

${records === '' ? '- none in Route 53' : records}
`;
}
