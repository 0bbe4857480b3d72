import { describe, expect, test } from 'vitest';
import { playground, type Playground } from './support/sandbox.ts';
import { spawnGen2, type Ended } from './support/spawn-gen2.ts';

type Call = (world: Playground) => Promise<Ended>;

function withEnv(env: Readonly<Record<string, string>>, ...argv: readonly string[]): Call {
  return (world) => spawnGen2(argv, { env: { ...world.env, ...env }, cwd: world.folder }).ended;
}

const migrate = (...more: readonly string[]): readonly string[] => ['migrate', 'shop', '--source', 'shop', ...more];

/** A port that nothing listens on. */
const NOWHERE = 'http://127.0.0.1:9';

const CASES: readonly { name: string; call: Call; code: string; exitCode: number; saw: string; todo: string }[] = [
  {
    name: 'a wrong password',
    call: withEnv({ CONVOX_PASSWORD: 'wrong-canary-password' }, ...migrate()),
    code: 'RACK_UNAUTHORIZED',
    exitCode: 4,
    saw: 'password',
    todo: 'what to do: ',
  },
  {
    name: 'a rack that cannot be reached',
    call: withEnv({ CONVOX_HOST: NOWHERE, GEN2_SANDBOX: '' }, 'plan', 'shop', '--source', 'shop'),
    code: 'RACK_UNREACHABLE',
    exitCode: 5,
    saw: '127.0.0.1:9',
    todo: 'what to do: ',
  },
  {
    name: 'an unknown app',
    call: withEnv({}, 'migrate', 'shopp', '--source', 'shop'),
    code: 'APP_NOT_FOUND',
    exitCode: 6,
    saw: 'has no app shopp',
    todo: 'other, shop',
  },
  {
    name: 'an app that is generation 2 already',
    call: withEnv({}, 'migrate', 'other', '--source', 'shop'),
    code: 'APP_ALREADY_GEN2',
    exitCode: 6,
    saw: 'app other is generation 2 already',
    todo: 'what to do: ',
  },
  {
    name: 'a temporary app whose name is taken',
    call: withEnv({}, ...migrate('--temporary-app', 'other')),
    code: 'APP_NAME_TAKEN',
    exitCode: 7,
    saw: 'other',
    todo: 'what to do: ',
  },
  {
    name: 'no permission in AWS',
    call: (world) => {
      world.sandbox.world.faults.add(({ service }) => (service === 'route53' ? { type: 'deny' } : undefined));
      return world.run(...migrate());
    },
    code: 'AWS_DENIED',
    exitCode: 4,
    saw: 'route53:ListHostedZones',
    todo: 'what to do: ',
  },
  {
    name: 'credentials that are none',
    call: withEnv({ AWS_ACCESS_KEY_ID: 'AKIANOBODY0000000000', AWS_SECRET_ACCESS_KEY: 'nobody-secret' }, ...migrate()),
    code: 'AWS_CREDENTIALS',
    exitCode: 4,
    saw: 'credentials',
    todo: 'what to do: ',
  },
  {
    name: 'another region than the rack is in',
    call: withEnv({}, 'balancers', '--region', 'eu-nowhere-9'),
    code: 'AWS_REGION',
    exitCode: 6,
    saw: 'eu-nowhere-9',
    todo: 'us-east-1',
  },
  {
    name: 'a migration in another region than the rack is in',
    call: withEnv({}, ...migrate('--region', 'eu-nowhere-9')),
    code: 'AWS_REGION',
    exitCode: 6,
    saw: 'eu-nowhere-9',
    todo: 'us-east-1',
  },
  {
    name: 'a source folder that is not there',
    call: withEnv({}, 'migrate', 'shop', '--source', 'nowhere'),
    code: 'SOURCE_INVALID',
    exitCode: 6,
    saw: 'nowhere',
    todo: '--source',
  },
  {
    name: 'a record that cannot be moved safely',
    call: (world) => {
      const zone = [...world.sandbox.world.route53.zones.values()].find(({ name }) => name === 'example.com.');
      if (zone === undefined) throw new Error('the sandbox has no zone example.com');
      zone.recordSets = zone.recordSets.map((set) =>
        set.name === 'www.shop.example.com.' ? { ...set, multiValueAnswer: true, setIdentifier: 'one' } : set,
      );
      return world.run('dns', 'switch', 'shop', '--yes', '--record', 'before.json');
    },
    code: 'DNS_RECORD_UNSUPPORTED',
    exitCode: 3,
    saw: 'www.shop.example.com',
    todo: 'by hand',
  },
  {
    name: 'a state directory that cannot be written',
    call: withEnv({}, ...migrate('--state', 'shop/docker-compose.yml/state')),
    code: 'STATE_UNWRITABLE',
    exitCode: 6,
    saw: 'docker-compose.yml/state',
    todo: '--state',
  },
];

describe('is refused with one clear error and no change:', () => {
  test.each(CASES)('$name', async ({ call, code, exitCode, saw, todo }) => {
    const world = await playground();

    const { exitCode: exited, stdout, stderr } = await call(world);

    expect(stderr).toContain(`error[${code}]`);
    expect(stderr.match(/error\[/g)).toHaveLength(1);
    expect(stderr).toContain(saw);
    expect(stderr).toContain(todo);
    expect(exited).toBe(exitCode);
    expect(stdout).toBe('');
    expect(world.mutations).toEqual([]);
    expect(stderr).not.toMatch(/wrong-canary-password|sandbox-rack-password|nobody-secret/);
  });
});
