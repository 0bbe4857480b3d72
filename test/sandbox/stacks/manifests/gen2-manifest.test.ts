import { describe, expect, test } from 'vitest';

import { gen2Environment } from '../../../../src/sandbox/stacks/manifests/delivered-environment.ts';
import { readGen2Manifest, type Gen2Service } from '../../../../src/sandbox/stacks/manifests/gen2-manifest.ts';

const OLD = '20171213132441';
const RECENT = '20260421192651';

function services(
  text: string,
  environment: Record<string, string> = {},
  rackVersion = RECENT,
): readonly Gen2Service[] {
  return readGen2Manifest({ text, environment: new Map(Object.entries(environment)), rackVersion }).services;
}

function web(text: string, environment: Record<string, string> = {}, rackVersion = RECENT): Gen2Service {
  const indented = text.replaceAll(/^/gm, '    ');
  return services(`services:\n  web:\n    build: .\n${indented}\n`, environment, rackVersion)[0]!;
}

test('${NAME} is the value in the app environment or nothing; $NAME and defaults are no interpolation', () => {
  expect(web('domain: ${HOST}', { HOST: 'a.example.com' }).domains).toEqual(['a.example.com']);
  expect(web('domain: ${HOST}').domains).toEqual([]);
  expect(web('domain: ${HOST:-b.example.com}').domains).toEqual([]);
  expect(web('health: /$PATH').health.path).toBe('/$PATH');
});

describe('domains', () => {
  test('are a list or a text with commas', () => {
    expect(web('domain: a.example.com, b.example.com').domains).toEqual(['a.example.com', 'b.example.com']);
    expect(web('domain: [a.example.com, b.example.com]').domains).toEqual(['a.example.com', 'b.example.com']);
  });

  test('that are blank are dropped, but in 2017 a blank first one switches all off', () => {
    const text = 'domain: ${HOST},b.example.com';

    expect(web(text).domains).toEqual(['b.example.com']);
    expect(web(text, {}, OLD).domains).toEqual([]);
    expect(web(text, { HOST: 'a.example.com' }, OLD).domains).toEqual(['a.example.com', 'b.example.com']);
  });

  test('in a list that become nothing are an error in every version', () => {
    expect(() => web('domain:\n  - ${HOST}', {}, OLD)).toThrow('unknown type for service domain: <nil>');
  });
});

test.each([
  ['port: 3000', { number: 3000, scheme: 'http' }],
  ['port: https:3000', { number: 3000, scheme: 'https' }],
  ['port: { port: 3000, scheme: https }', { number: 3000, scheme: 'https' }],
  ['port: ${PORT}', undefined],
])('%s is %o', (text, port) => {
  expect(web(text).port).toEqual(port);
});

test('a port that is no number is refused', () => {
  expect(() => web('port: 3000/http')).toThrow('invalid syntax');
  expect(() => web('port: "${PORT}"')).toThrow('invalid syntax');
});

test('health is a path or a map; the time-out is one second under the interval, quoted numbers are not read', () => {
  expect(web('health: /check').health).toEqual({
    path: '/check',
    intervalSeconds: 5,
    timeoutSeconds: 4,
    graceSeconds: 5,
  });
  expect(web('health: { interval: 20 }').health).toMatchObject({ path: '/', timeoutSeconds: 19, graceSeconds: 20 });
  expect(web('health: { interval: "20", grace: 60 }').health).toMatchObject({ intervalSeconds: 5, graceSeconds: 60 });
  expect(web('health: { grace: 60 }', {}, OLD).health.graceSeconds).toBe(0);
});

test.each([
  ['scale: 3', { count: 3, cpu: 256, memory: 512 }],
  ['scale: 2-5', { count: 2, cpu: 256, memory: 512 }],
  ['scale: { count: { min: 2, max: 4 }, cpu: 64, memory: 128 }', { count: 2, cpu: 64, memory: 128 }],
  ['port: 80', { count: 1, cpu: 256, memory: 512 }],
])('%s is %o', (text, scale) => {
  expect(web(text).scale).toEqual(scale);
});

test('cpu and memory of a scale are fixed in 2017', () => {
  expect(web('scale: { cpu: 64, memory: 128 }', {}, OLD).scale).toEqual({ count: 1, cpu: 128, memory: 256 });
});

test('deployment percentages and singletons are read where racks know them', () => {
  const percent = ({ minimumPercent, maximumPercent }: Gen2Service): readonly number[] => [
    minimumPercent,
    maximumPercent,
  ];

  expect(percent(web('deployment: { minimum: 100, maximum: 150 }'))).toEqual([100, 150]);
  expect(percent(web('deployment: { minimum: 100, maximum: 150 }', {}, OLD))).toEqual([50, 200]);
  expect(percent(web('singleton: true'))).toEqual([0, 100]);
});

describe('required variables', () => {
  test('that the app lacks are all named', () => {
    expect(() => web('environment: [B, A, "C=1"]', { X: '' })).toThrow('required env: A, B');
  });

  test('may be empty', () => {
    expect(web('environment: [A]', { A: '' }).environment).toEqual(['A']);
  });

  test('include the star where it is not known', () => {
    expect(() => web('environment: ["*"]', {}, OLD)).toThrow('required env: *');
    expect(web('environment: ["*"]').environment).toEqual(['*']);
  });
});

test('names, links and timers must fit together', () => {
  expect(() => services('services:\n  Web:\n    build: .\n')).toThrow(
    'service name Web invalid, must contain only lowercase alphanumeric and dashes',
  );
  expect(services('services:\n  Web:\n    build: .\n', {}, OLD)).toHaveLength(1);
  expect(() => web('links: [api]')).toThrow('no such service: api');
  expect(() => services('services: {}\ntimers:\n  t:\n    schedule: 0 3 * * ?\n    service: web\n')).toThrow(
    'no such service: web',
  );
  expect(() => web('environment: { A: 1 }')).toThrow('must be a list');
});

test.each([
  ['internalAndExternal: true', 'internalAndExternal'],
  ['nlb: [{ port: 5000 }]', 'nlb'],
  ['port: grpc:5000', 'port scheme grpc'],
])('%s is refused by name, not played wrongly', (text, name) => {
  expect(() => web(text)).toThrow(`the sandbox does not offer ${name} (service web)`);
});

test('an agent is one by a boolean or a map', () => {
  expect([web('agent: true'), web('agent: { enabled: true }'), web('port: 80')].map(({ isAgent }) => isAgent)).toEqual([
    true,
    true,
    false,
  ]);
});

test('the top-level environment applies to all services since 2018-06', () => {
  const text = 'environment: [A=1]\nservices:\n  web:\n    environment: [B=2]\n';

  expect(services(text)[0]?.environment).toEqual(['A=1', 'B=2']);
  expect(services(text, {}, OLD)[0]?.environment).toEqual(['B=2']);
});

describe('what a process sees', () => {
  function delivered(text: string, app: Record<string, string>, rackVersion: string): Record<string, string> {
    const environment = gen2Environment({
      app: 'shop',
      rack: 'convox',
      region: 'us-east-1',
      rackVersion,
      release: 'R1',
      build: 'B1',
      service: web(text, app, rackVersion),
      appEnvironment: new Map(Object.entries(app)),
      linkVariables: new Map([['API_URL', 'https://shop-api.example']]),
      resourceVariables: new Map(),
    });
    for (const own of ['APP', 'RACK', 'AWS_REGION', 'RELEASE', 'SERVICE', 'BUILD', 'API_URL']) environment.delete(own);
    return Object.fromEntries(environment);
  }

  test.each([
    ['port: 80', { A: 'y' }, { A: 'y' }, {}],
    ['environment: [B=1]', { A: 'y' }, { B: '1' }, { B: '1' }],
    ['environment: [A=x]', { A: 'y' }, { A: 'y' }, { A: 'y' }],
    ['environment: [A=x=y]', {}, {}, { A: 'x=y' }],
    ['environment: [A=]', {}, { A: '' }, { A: '' }],
  ])('%s with %o: %o in 2017, %o today', (text, app, old, recent) => {
    expect(delivered(text, app, OLD)).toEqual(old);
    expect(delivered(text, app, RECENT)).toEqual(recent);
  });

  test('is everything with a star', () => {
    expect(delivered('environment: ["*"]', { A: 'y', B: 'z' }, RECENT)).toEqual({ A: 'y', B: 'z' });
  });

  test('is nothing undeclared from 2018-02 on, when a list is empty', () => {
    expect(delivered('port: 80', { A: 'y' }, '20180227221242')).toEqual({});
  });

  test('comes from the app rather than from a link of the same name', () => {
    const environment = gen2Environment({
      app: 'shop',
      rack: 'convox',
      region: 'us-east-1',
      rackVersion: RECENT,
      release: 'R1',
      build: 'B1',
      service: web('environment: [API_URL]', { API_URL: 'http://elsewhere' }),
      appEnvironment: new Map([['API_URL', 'http://elsewhere']]),
      linkVariables: new Map([['API_URL', 'https://shop-api.example']]),
      resourceVariables: new Map(),
    });

    expect(environment.get('API_URL')).toBe('http://elsewhere');
    expect(environment.get('SERVICE')).toBe('web');
  });
});
