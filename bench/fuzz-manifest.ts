/**
 * Feeds mutated manifests to the readers and the converter and looks for what must not happen: an exception that is
 * not ours, a file that takes longer than a second, memory that grows.
 *
 *   npm run fuzz:manifest -- [--files 100000] [--seconds 300] [--seed 1]
 */
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { MigrationError } from '../src/errors.ts';
import { readAnswers } from '../src/manifest/answers.ts';
import { convertManifest } from '../src/manifest/convert.ts';
import { checkGen2Manifest } from '../src/manifest/gen2-check.ts';
import { readGen2Manifest } from '../src/manifest/gen2-reader.ts';

const MAX_FILE_MS = 1000;
const RACKS = ['20171213132441', '20180503151229', '20200720124031', '20260421192651'];

const COMPOSE = `version: "2"
x-base: &base
  environment: [A=1, "B=x=y", C, D=]
networks: {default: {external: {name: outer}}}
services:
  web:
    <<: *base
    build: {context: ., dockerfile: Dockerfile.web, args: {RUBY: 2.4, NODE: "8"}}
    command: ["bin/web", "--name", 'my app']
    labels:
      - convox.port.443.protocol=https
      - convox.port.443.proxy=true
      - convox.health.path=/check
      - convox.health.timeout=10
      - convox.idle.timeout=60
      - convox.cron.nightly=0 3 * * ? bin/nightly > /dev/null
    links: [api, database]
    ports: ["80:5000", "443:5001", "514:6000/udp"]
    volumes: ["/data:/data", "./x:/y:ro", /var/run/docker.sock]
  api:
    image: registry.example.com/api:$TAG
    environment: {URL: "http://x?a=b", N: 010, EMPTY: ""}
    mem_limit: 512m
    cpu_shares: 128
    ports: [6000]
    privileged: true
    entrypoint: /run # $NOT \${HERE}
  database:
    image: convox/postgres
    ports: [5432]
`;

const COMPOSE_V1 = `web:
  build: .
  dockerfile: D
  command: sh -c "echo $$HOME && \${X:-y}"
  extra_hosts: ["a:1.2.3.4"]
  labels: {convox.agent: true, convox.deployment.maximum: 100, convox.draining.timeout: 60}
  ports:
    - 8125/udp
`;

const CONVOX = `environment: [SHARED]
resources:
  database: {type: postgres, options: {storage: 200}}
services:
  web:
    build: {path: ., manifest: Dockerfile.web}
    command: bin/web
    domain: \${HOST}
    environment: ["*", A=1, B]
    health: {path: /check, interval: 10, timeout: 9, grace: 30}
    links: [api]
    port: https:5000
    resources: [database]
    scale: {count: 1-5, cpu: 128, memory: 512, targets: {cpu: 50}}
  api: {image: x, internal: true, port: 6000, agent: {enabled: true, ports: [8125/udp]}, volumes: ["/proc/:/p:ro"]}
timers:
  nightly: {command: bin/nightly, schedule: "0 3 * * ?", service: web}
`;

const ANSWERS = 'version: 1\nanswers:\n  web.port: "5000"\n  web.health: /check\n';

const TOKENS = [
  ...[
    '&a ',
    '*a',
    '<<: *base',
    '!!int ',
    '!x ',
    '- ',
    '? ',
    ': ',
    '[',
    ']',
    '{',
    '}',
    '"',
    "'",
    '|\n',
    '>-\n',
    '#',
    '---\n',
    '...\n',
  ],
  ...[
    '$',
    '$$',
    '${',
    '${A',
    '${A:-b}',
    '$$$',
    '\t',
    '\r',
    '\u0000',
    '\uFEFF',
    '\u0085',
    '\u2028',
    '\uE000',
    '\uD800',
    '%YAML 1.1\n',
  ],
  ...[
    'null',
    '~',
    'yes',
    '010',
    '1e999',
    '-1',
    '99999999999999999999',
    '.nan',
    '2018-01-01',
    '\\',
    '\\x24',
    '__proto__',
    'constructor',
    'toString',
  ],
];

/** A small seeded generator of numbers in [0, 1) (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function mutate(text: string, other: string, random: () => number): string {
  const at = (length: number): number => Math.floor(random() * (length + 1));
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)]!;
  let result = text;
  for (let count = 1 + Math.floor(random() * 6); count > 0; count -= 1) {
    const from = at(result.length);
    const to = Math.min(result.length, from + at(20));
    const lines = result.split('\n');
    const line = Math.floor(random() * lines.length);
    switch (Math.floor(random() * 10)) {
      case 0: // remove
        result = result.slice(0, from) + result.slice(to);
        break;
      case 1: // insert a token
      case 2:
        result = result.slice(0, from) + pick(TOKENS) + result.slice(from);
        break;
      case 3: // repeat
        result = result.slice(0, to) + result.slice(from, to).repeat(Math.floor(random() * 40)) + result.slice(to);
        break;
      case 4: // move a line
        lines.splice(Math.floor(random() * lines.length), 0, ...lines.splice(line, 1));
        result = lines.join('\n');
        break;
      case 5: // indent or outdent
        lines[line] = random() < 0.5 ? `  ${lines[line] ?? ''}` : (lines[line] ?? '').slice(1);
        result = lines.join('\n');
        break;
      case 6: // a random character
        result =
          result.slice(0, from) +
          String.fromCharCode(Math.floor(random() * (random() < 0.8 ? 128 : 65536))) +
          result.slice(from + 1);
        break;
      case 7: // truncate
        result = random() < 0.2 ? result.slice(0, from) : result;
        break;
      case 8: {
        // splice from another file
        const start = at(other.length);
        result = result.slice(0, from) + other.slice(start, start + at(200)) + result.slice(to);
        break;
      }
      default: // deep nesting and long lines
        result =
          result.slice(0, from) +
          pick(['[', '{a: ', '- ', '? ', '"', ' ', 'x']).repeat(Math.floor(random() * 300)) +
          result.slice(from);
    }
  }
  return result;
}

function exercise(text: string, kind: number, random: () => number): void {
  const version = RACKS[Math.floor(random() * RACKS.length)]!;
  if (kind < 0.75) {
    const app = {
      name: 'shop',
      envNames: ['A', 'B', 'SECRET', 'DATABASE_URL'],
      formation: { web: { count: 2, cpu: 0, memory: 512 } },
    };
    const conversion = convertManifest({ compose: text, rack: { version }, ...(random() < 0.5 ? { app } : {}) });
    if (conversion.findings.some(({ code }) => code === 'unaccounted-key'))
      throw new Error('a key was not accounted for');
  } else if (kind < 0.95) {
    const options = { rackVersion: version, ...(random() < 0.5 ? { env: new Map([['HOST', 'a.example.com']]) } : {}) };
    const { manifest } = readGen2Manifest(text, options);
    if (manifest !== undefined) checkGen2Manifest(manifest, options);
  } else {
    try {
      readAnswers(text);
    } catch (error) {
      if (!MigrationError.is(error, 'ANSWERS_INVALID')) throw error;
    }
  }
}

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void; // there is no typed way to it
function heapMegabytes(): number {
  collect();
  return process.memoryUsage().heapUsed / 1024 / 1024;
}

function attempt(text: string, kind: number, random: () => number): { problem: string | undefined; ms: number } {
  const started = performance.now();
  let problem: string | undefined;
  try {
    exercise(text, kind, random);
  } catch (error) {
    problem = error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
  return { problem, ms: performance.now() - started };
}

function main(): number {
  const { values } = parseArgs({
    options: {
      files: { type: 'string', default: '100000' },
      seconds: { type: 'string', default: '300' },
      seed: { type: 'string', default: '1' },
    },
  });
  const files = Number(values.files);
  const deadline = performance.now() + Number(values.seconds) * 1000;
  const random = randomFrom(Number(values.seed));
  const heaps: number[] = [];
  let done = 0;
  let slowestMs = 0;
  let failures = 0;
  for (; done < files && performance.now() < deadline; done += 1) {
    const kind = random();
    const base = kind < 0.5 ? COMPOSE : kind < 0.75 ? COMPOSE_V1 : kind < 0.95 ? CONVOX : ANSWERS;
    const text = mutate(base, random() < 0.5 ? COMPOSE : CONVOX, random);
    let { problem, ms } = attempt(text, kind, random);
    // A machine that did something else meanwhile is no hang: look again.
    if (ms > MAX_FILE_MS) ({ problem, ms } = attempt(text, kind, random));
    slowestMs = Math.max(slowestMs, ms);
    if (ms > MAX_FILE_MS) problem ??= `took ${Math.round(ms)} ms`;
    if (problem !== undefined) {
      failures += 1;
      if (failures <= 5) console.log(`file ${done}: ${problem}\n${JSON.stringify(text)}\n`);
    }
    if (done % Math.ceil(files / 10) === 0) heaps.push(heapMegabytes());
  }
  heaps.push(heapMegabytes());
  // The first sample is taken before everything is loaded and compiled.
  const growth = heaps.at(-1)! - heaps[1]!;
  const isFlat = heaps.length < 3 || growth < 20;
  console.log(
    `${done} of ${files} files, ${failures} failures, slowest ${slowestMs.toFixed(0)} ms, heap ${heaps.map((mb) => mb.toFixed(0)).join(' ')} MB`,
  );
  if (!isFlat) console.log(`memory grows: ${growth.toFixed(0)} MB`);
  if (done < files) console.log(`stopped after ${values.seconds} s, before all files were tried`);
  return failures === 0 && isFlat ? 0 : 1;
}

process.exitCode = main();
