import { describe, expect, it } from 'vitest';
import { readGen1Manifest } from '../../src/manifest/gen1-reader.ts';
import type { Gen1Service } from '../../src/manifest/gen1-types.ts';
import { composeOf, dedent } from './support/conversion.ts';

function readWeb(body: string): Gen1Service {
  const { manifest, findings } = readGen1Manifest(composeOf(body));
  const web = manifest?.services.find(({ name }) => name === 'web');
  if (web === undefined) throw new Error(`not accepted: ${JSON.stringify(findings)}`);
  return web;
}

const values = (service: Gen1Service): readonly (readonly [string, string | undefined])[] =>
  service.environment.map(({ name, value }) => [name, value]);

describe('the syntax of generation 1', () => {
  it.each([
    ['no version', 'web: {image: x}', 'v1'],
    ['2', 'version: 2\nservices: {web: {image: x}}', 'v2'],
    ['"2"', 'version: "2"\nservices: {web: {image: x}}', 'v2'],
    ['2.0', 'version: 2.0\nservices: {web: {image: x}}', 'v2'],
    ['2.1', 'version: 2.1\nservices: {web: {image: x}}', 'v2'],
    ['2.2', "version: '2.2'\nservices: {web: {image: x}}", 'v2'],
  ])('version %s is accepted', (_, text, syntax) => {
    expect(readGen1Manifest(text).manifest).toMatchObject({ syntax, services: [{ name: 'web' }] });
  });

  it.each(['1', '"1"', '3', '"3.7"', '2.3', '2.4', 'two', '[2]'])('version %s is refused with its line', (version) => {
    const { manifest, findings } = readGen1Manifest(`# a comment\nversion: ${version}\nservices: {web: {image: x}}\n`);

    expect(manifest).toBeUndefined();
    expect(findings).toMatchObject([
      { code: 'version-rejected', severity: 'blocker', line: 2, column: 1, file: 'docker-compose.yml' },
    ]);
  });

  it('x- keys at the top of v2 are ignored, and in v1 they are services', () => {
    const v2 = readGen1Manifest('version: "2"\nx-base: [1]\nservices: {web: {image: x}}\n');
    const v1 = readGen1Manifest('x-base: [1]\nweb: {image: x}\n');

    expect(v2.manifest?.services.map(({ name }) => name)).toEqual(['web']);
    expect(v1.findings).toMatchObject([{ code: 'parse-error', line: 1, column: 9 }]);
  });
});

describe('the YAML dialect of racks', () => {
  it.each([
    ['octal numbers', 'A: 010', '8'],
    ['underscores in numbers', 'A: 1_000', '1000'],
    ['hexadecimal numbers', 'A: 0x10', '16'],
    ['binary numbers', 'A: 0b11', '3'],
    ['numbers beyond 2^53', 'A: 12345678901234567890', '12345678901234567890'],
    ['no base-60 numbers', 'A: 22:22', '22:22'],
    ['no dates', 'A: 2018-01-01', '2018-01-01'],
    ['quoted text as it is', "A: '010'", '010'],
    ['a tag', 'A: !!str 010', '010'],
  ])('reads %s', (_, entry, value) => {
    expect(values(readWeb(`image: x\nenvironment: {${entry}}`))).toEqual([['A', value]]);
  });

  it.each(['yes', 'no', 'on', 'off', 'true', 'y', '1.5', '~', 'null', '[]', '{}', '.inf', '1e3'])(
    'refuses %s as a value of an environment map',
    (value) => {
      const { manifest, findings } = readGen1Manifest(composeOf(`image: x\nenvironment: {A: ${value}}`));

      expect(manifest).toBeUndefined();
      expect(findings).toMatchObject([{ code: 'parse-error', line: 5, column: 22 }]);
    },
  );

  it('takes the last of two equal keys, and says so', () => {
    const { manifest, findings } = readGen1Manifest(composeOf('image: x\nimage: y'));

    expect(manifest?.services[0]?.image?.value).toBe('y');
    expect(findings).toMatchObject([{ code: 'duplicate-key', line: 4, column: 5 }]);
  });

  it.each([
    ['its own keys win when they come after', '<<: *base\n    image: y', 'y'],
    ['merged keys win when they come after, as in yaml.v2', 'image: y\n    <<: *base', 'x'],
    ['of a list of maps the first wins', '<<: [*base, *other]', 'x'],
  ])('honours merge keys: %s', (_, body, image) => {
    const text = `version: "2"\nx-base: &base {image: x}\nx-other: &other {image: z}\nservices:\n  web:\n    ${body}\n`;

    expect(readGen1Manifest(text).manifest?.services[0]?.image?.value).toBe(image);
  });

  it('reads only the first document', () => {
    const { manifest, findings } = readGen1Manifest('web: {image: x}\n---\nweb: {image: y}\n');

    expect(manifest?.services).toMatchObject([{ image: { value: 'x' } }]);
    expect(findings).toMatchObject([{ code: 'ignored-document', line: 2 }]);
  });
});

describe('interpolation of generation 1', () => {
  it.each([
    ['$NAME is replaced by nothing', 'echo a$NAME.b', 'echo a.b'],
    ['${NAME} is replaced by nothing', 'echo a${NAME}b', 'echo ab'],
    ['$$NAME is a literal $NAME', 'echo $$NAME', 'echo $NAME'],
    ['$${NAME} is a literal ${NAME}', 'echo $${NAME}x', 'echo ${NAME}x'],
    ['${NAME:-x} stays as it is', 'echo ${NAME:-x}', 'echo ${NAME:-x}'],
    ['${NAME-x} stays as it is', 'echo ${NAME-x}', 'echo ${NAME-x}'],
    ['an unclosed ${x stays as it is', 'echo ${x y', 'echo ${x y'],
    ['$ before another character stays', 'echo $. 5$', 'echo $. 5$'],
    ['${} is replaced by nothing', 'echo a${}b', 'echo ab'],
  ])('%s', (_, written, read) => {
    expect(readWeb(`image: x\ncommand: ${written}`).command?.value).toBe(read);
  });

  it('lists variables outside of comments, with their places', () => {
    const { manifest } = readGen1Manifest('web:\n  image: a$TAG # $NOT\n  # $NEITHER\n  command: b ${X}\n');

    expect(manifest?.variables).toMatchObject([
      { name: 'TAG', at: { line: 2, column: 11 } },
      { name: 'X', at: { line: 4, column: 14 } },
    ]);
  });

  it('keeps the places of what follows a variable', () => {
    const { findings } = readGen1Manifest('web: {image: "$AAAAAAAAAAAAAAAAAAAAAAAA", ports: [x]}\n');

    expect(findings).toMatchObject([{ code: 'parse-error', line: 1, column: 51 }]);
  });

  it.each([
    ['a "$$" without a name', 'web: {image: x} # $$ \n', 19],
    ['a "$" at the very end', 'web: {image: x$', 15],
  ])('refuses %s, on which racks hang or crash', (_, text, column) => {
    expect(readGen1Manifest(text).findings).toMatchObject([{ code: 'validation-error', line: 1, column }]);
  });
});

describe('the forms of service keys', () => {
  it.each([
    ['"80:5000"', { balancer: 80, container: 5000, protocol: 'tcp', isPair: true }],
    ['5000', { balancer: 5000, container: 5000, protocol: 'tcp', isPair: false }],
    ['"514:6000/udp"', { balancer: 514, container: 6000, protocol: 'udp', isPair: true }],
    ['"6000/UDP"', { balancer: 6000, container: 6000, protocol: 'udp', isPair: false }],
    ['"80:5000/tcp"', { balancer: 80, container: 5000, protocol: 'tcp', isPair: true }],
  ])('reads the port %s', (port, read) => {
    expect(readWeb(`image: x\nports: [${port}]`).ports).toMatchObject([read]);
  });

  it.each(['"127.0.0.1:80:80"', '"80-90:80"', '{target: 80}', '"80:"', '""', '"80/sctp"', '-80'])(
    'refuses the port %s',
    (port) => {
      expect(readGen1Manifest(composeOf(`image: x\nports: [${port}]`)).findings).toMatchObject([
        { code: 'parse-error', severity: 'blocker', line: 5, column: 13, service: 'web' },
      ]);
    },
  );

  it('reads an environment list, with its quotes and equal signs', () => {
    const web = readWeb(`
      image: x
      environment:
        - NAME
        - EMPTY=
        - QUOTED="x"
        - URL=http://h?a=b
    `);

    expect(values(web)).toEqual([
      ['NAME', undefined],
      ['EMPTY', ''],
      ['QUOTED', '"x"'],
      ['URL', 'http://h?a=b'],
    ]);
  });

  it.each([
    ['labels without "="', 'labels: [a]'],
    ['the same label twice in a list', 'labels: [a=1, a=2]'],
    ['a float as a label', 'labels: {a: 1.5}'],
    ['a number in an environment list', 'environment: [1]'],
    ['a map in an environment list', 'environment: [{A: b}]'],
    ['an environment that is text', 'environment: A=b'],
    ['a number as a command', 'command: 5'],
    ['a number in a command list', 'command: [a, 5]'],
    ['a list as an entrypoint', 'entrypoint: [a]'],
    ['quoted privileged', 'privileged: "true"'],
    ['links that are text', 'links: api'],
    ['ports that are a map', 'ports: {80: 80}'],
    ['a dockerfile in two places', 'dockerfile: a\nbuild: {dockerfile: b}'],
    ['a build context that is a number', 'build: {context: 5}'],
    ['a build that is a list', 'build: [.]'],
    ['args that are empty', 'build: {args: }'],
    ['a mem_limit with a wrong unit', 'mem_limit: 512q'],
    ['cpu_shares that are text', 'cpu_shares: "5"'],
    ['an extra host without an address', 'extra_hosts: [a]'],
    ['volumes that are a map', 'volumes: {a: b}'],
  ])('refuses %s', (_, body) => {
    const { manifest, findings } = readGen1Manifest(composeOf(body));

    expect(manifest).toBeUndefined();
    expect(findings).toMatchObject([{ code: 'parse-error', severity: 'blocker', service: 'web' }]);
    expect(findings[0]!.line).toBeGreaterThanOrEqual(4);
  });

  it.each([
    ['512m', 536870912],
    ['512MB', 536870912],
    ['1g', 1073741824],
    ['8000000', 8000000],
    ['1.5g', 1610612736],
  ])('reads the mem_limit %s', (limit, bytes) => {
    expect(readWeb(`image: x\nmem_limit: ${limit}`).memoryLimit?.value).toBe(bytes);
  });

  it('takes keys without a value for absent', () => {
    const web = readWeb('image: x\nenvironment:\nports:\nlinks:\ncommand:\nlabels:\nbuild:\n');

    expect(web).toMatchObject({ environment: [], ports: [], links: [], command: undefined, build: undefined });
  });

  it('takes true, numbers and text in a label map as text', () => {
    const web = readWeb('image: x\nlabels: {a: true, b: 010, c: yes, d: x}');

    expect([...web.labels].map(([name, { value }]) => [name, value])).toEqual([
      ['a', 'true'],
      ['b', '8'],
      ['c', 'true'],
      ['d', 'x'],
    ]);
  });
});

describe('the validation at build', () => {
  it.each([
    ['an underscore in a name', 'version: "2"\nservices: {my_web: {image: x}}'],
    ['a short cron name', 'image: x\nlabels: [convox.cron.abc=0 0 * * ? x]'],
    ['a cron name with a dot', 'image: x\nlabels: [convox.cron.a.bcd=0 0 * * ? x]'],
    ['a cron name with an underscore', 'image: x\nlabels: [convox.cron.a_bcd=0 0 * * ? x]'],
    ['a health interval below 5', 'image: x\nlabels: [convox.health.interval=4]'],
    ['a health timeout above 60', 'image: x\nlabels: [convox.health.timeout=61]'],
    ['a health timeout that is no number', 'image: x\nlabels: [convox.health.timeout=1s]'],
    ['a healthy threshold of 1', 'image: x\nlabels: [convox.health.threshold.healthy=1]'],
    ['an unhealthy threshold of 11', 'image: x\nlabels: [convox.health.threshold.unhealthy=11]'],
    ['a draining timeout of 0', 'image: x\nlabels: [convox.draining.timeout=0]'],
    ['an idle timeout of 3601', 'image: x\nlabels: [convox.idle.timeout=3601]'],
    ['a link to nothing', 'image: x\nlinks: [none]'],
    ['a link with an alias', 'web: {image: x, links: ["api:a"]}\napi: {image: y, ports: [80]}'],
    ['a link to a service without ports', 'web: {image: x, links: [api]}\napi: {image: y}'],
    ['512 bytes of memory', 'image: x\nmem_limit: 512'],
    ['a health port that is not declared', 'image: x\nports: ["80:5000"]\nlabels: [convox.health.port=80]'],
  ])('refuses %s', (_, body) => {
    const { manifest, findings } = readGen1Manifest(composeOf(body));

    expect(manifest).toBeUndefined();
    expect(findings.map(({ code }) => code)).toEqual(['validation-error']);
    expect(findings[0]).toMatchObject({ severity: 'blocker', line: expect.any(Number) as number });
  });

  it('reports all problems, not only the first as racks do', () => {
    const { findings } = readGen1Manifest(
      dedent(`
        web:
          image: x
          links: [none]
          labels: [convox.health.timeout=99]
      `),
    );

    expect(findings.map(({ line, column }) => [line, column])).toEqual([
      [3, 11],
      [4, 12],
    ]);
  });
});
