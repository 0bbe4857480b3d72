import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MigrationError } from '../../../errors.ts';
import { convertManifest } from '../../../manifest/convert.ts';
import { SHOP } from '../../../sandbox/scenario/shop.ts';

export interface HandWrittenOptions {
  readonly sourceFolder: string;
  readonly rackVersion: string;
  readonly environmentNames: readonly string[];
}

/** The convox.yml as a careful reader of the article writes it: everything right, the names of the app in it. */
export async function handWrittenManifest(options: HandWrittenOptions): Promise<string> {
  const { sourceFolder, rackVersion, environmentNames } = options;
  const scaled = { count: 2, cpu: 128, memory: 256 };
  const { manifest, domainValues, findings } = convertManifest({
    compose: await readFile(join(sourceFolder, 'docker-compose.yml'), 'utf8'),
    app: { name: SHOP.app, formation: { web: scaled, api: scaled }, envNames: environmentNames },
    rack: { version: rackVersion, internal: true },
    domains: { web: SHOP.domains, api: [SHOP.internalName] },
  });
  if (manifest === undefined) {
    throw new MigrationError('SOURCE_INVALID', `no convox.yml: ${findings.map(({ message }) => message).join('; ')}`);
  }
  return Object.entries(domainValues).reduce((text, [name, value]) => text.replaceAll(`\${${name}}`, value), manifest);
}
