import { describe, expect, it } from 'vitest';
import { convertManifest } from '../../src/manifest/convert.ts';
import { readGen2Manifest } from '../../src/manifest/gen2-reader.ts';

const COMPOSE = `version: "2"
services:
  web:
    build: ./web
    ports:
      - 80:80
      - 443:80
    labels:
      - convox.port.443.protocol=https
      - convox.health.path=/check
    links:
      - api
  api:
    build: ./api
    ports: ["80"]
    labels:
      - convox.health.path=/check
  worker:
    build: ./worker
    command: bin/worker
    labels:
      - convox.cron.nightly=0 3 * * ? bin/nightly
`;

const ENV_NAMES = Array.from({ length: 40 }, (_, index) => `SETTING_${index}`);

describe('the app of the rehearsal', () => {
  it.each(['20171213132441', '20180901000000', '20260421192651'])(
    'converts without blockers for rack %s',
    (version) => {
      const result = convertManifest({
        compose: COMPOSE,
        app: {
          name: 'shop',
          envNames: ENV_NAMES,
          formation: { web: { count: 2, cpu: 0, memory: 256 }, api: { count: 2, cpu: 0, memory: 256 } },
          dnsNames: { web: ['shop.example.com', 'www.shop.example.com'], api: ['api.internal.example.com'] },
        },
        rack: { version, internal: false },
      });

      expect(result.findings.filter(({ severity }) => severity === 'blocker')).toEqual([]);
      expect(result.domainVariables).toEqual({ web: 'DOMAINS_WEB', api: 'DOMAINS_API' });
      expect(result.domainValues).toEqual({
        DOMAINS_WEB: 'shop.example.com,www.shop.example.com',
        DOMAINS_API: 'api.internal.example.com',
      });
      const env = new Map([...ENV_NAMES.map((name) => [name, 'x'] as const), ...Object.entries(result.domainValues)]);
      const { manifest } = readGen2Manifest(result.manifest ?? '', { rackVersion: version, env });
      expect(
        manifest?.services.map(({ name, port, isInternal, domain }) => ({
          name,
          port,
          isInternal,
          domain: domain?.resolved,
        })),
      ).toEqual([
        { name: 'web', port: 80, isInternal: false, domain: ['shop.example.com', 'www.shop.example.com'] },
        { name: 'api', port: 80, isInternal: true, domain: ['api.internal.example.com'] },
        { name: 'worker', port: undefined, isInternal: false, domain: undefined },
      ]);
      expect(manifest?.timers.map(({ name, service, schedule }) => ({ name, service, schedule }))).toEqual([
        { name: 'nightly', service: 'worker', schedule: '0 3 * * ?' },
      ]);
    },
  );
});
