import { expect, test } from 'vitest';

import { readGen1Manifest } from '../../../../src/sandbox/stacks/manifests/gen1-manifest.ts';

test('without a version every top-level key is a service', () => {
  const { services } = readGen1Manifest('web:\n  image: nginx\n  ports:\n    - 80:3000\n');

  expect(services).toEqual([
    {
      name: 'web',
      ports: [{ balancer: 80, container: 3000, isPublic: true, protocol: 'tcp' }],
      labels: new Map(),
      environment: [],
      links: [],
    },
  ]);
});

test('versions that racks do not know are refused', () => {
  expect(() => readGen1Manifest('version: "3"\nservices: {}\n')).toThrow('unknown manifest version: 3');
  expect(() => readGen1Manifest('version: 2.3\nservices: {}\n')).toThrow('unknown manifest version: 2.3');
});

test('variables read as nothing, doubled dollars as one, defaults stay as they are', () => {
  const { services } = readGen1Manifest(
    'version: "2"\nservices:\n  web:\n    environment: [A=$HOME, "B=${X}y", C=$$Z, "D=${V:-1}"]\n',
  );

  expect(services[0]?.environment).toEqual([
    { name: 'A', value: '' },
    { name: 'B', value: 'y' },
    { name: 'C', value: '$Z' },
    { name: 'D', value: '${V:-1}' },
  ]);
});

test('22:22 is a pair of ports, not a number to base 60', () => {
  const { services } = readGen1Manifest('version: "2"\nservices:\n  web:\n    ports:\n      - 22:22\n      - 5000\n');

  expect(services[0]?.ports.map(({ balancer, container, isPublic }) => [balancer, container, isPublic])).toEqual([
    [22, 22, true],
    [5000, 5000, false],
  ]);
});

test('ports of other forms are refused', () => {
  expect(() => readGen1Manifest('web:\n  ports: ["127.0.0.1:80:80"]\n')).toThrow('invalid port: 127.0.0.1:80:80');
});

test('labels and environment may be lists or maps', () => {
  const { services } = readGen1Manifest(
    'web:\n  labels:\n    convox.balancer: false\n  environment:\n    A: 1\n    B:\napi:\n  labels: ["convox.health.path=/a=b"]\n',
  );

  expect(services[0]?.labels).toEqual(new Map([['convox.balancer', 'false']]));
  expect(services[0]?.environment).toEqual([
    { name: 'A', value: '1' },
    { name: 'B', value: '' },
  ]);
  expect(services[1]?.labels).toEqual(new Map([['convox.health.path', '/a=b']]));
  expect(() => readGen1Manifest('web:\n  labels: [convox]\n')).toThrow('Cannot parse label convox');
});

test('text that is not YAML is refused as such', () => {
  expect(() => readGen1Manifest('web: [')).toThrow(/^yaml: /);
});
