import type { FindingList, Place } from './finding.ts';
import type { Gen1Service, Located } from './gen1-types.ts';
import { shorten } from './gen1-values.ts';

/** What a rack checks of a label's number; the prefix counts, as in the rack's own code. */
const NUMBERS = [
  { prefix: 'convox.health.interval', low: 5, high: 300 },
  { prefix: 'convox.health.timeout', low: 0, high: 60 },
  { prefix: 'convox.health.threshold.healthy', low: 2, high: 10 },
  { prefix: 'convox.health.threshold.unhealthy', low: 2, high: 10 },
  { prefix: 'convox.draining.timeout', low: 1, high: 3600 },
] as const;

/** Checked when the app is promoted, not when it is built. */
const PROMOTE_NUMBERS = [
  { prefix: 'convox.idle.timeout', low: 1, high: 3600 },
  { prefix: 'convox.deployment.minimum', low: 0, high: 100 },
  { prefix: 'convox.deployment.maximum', low: 100, high: 200 },
] as const;

const MIN_MEMORY_BYTES = 4_000_000;

/** The checks of a build (convox/rack@20171213132441 manifest1/manifest.go Validate), each as a finding of its own. */
export function validateGen1(services: readonly Gen1Service[], findings: FindingList): void {
  const byName = new Map(services.map((service) => [service.name, service]));
  for (const service of services) {
    const refuse = (at: Place, message: string, hint: string): void =>
      findings.add('blocker', 'validation-error', { service: service.name, at, message, hint });
    if (service.name.includes('_')) {
      refuse(service.at, `The service name ${shorten(service.name)} holds an underscore.`, 'Racks refuse it at build.');
    }
    checkCronNames(service, refuse);
    checkNumbers(service, refuse);
    checkLinks(service, byName, refuse);
    const memory = service.memoryLimit;
    if (memory !== undefined && memory.value !== 0 && memory.value < MIN_MEMORY_BYTES) {
      refuse(memory.at, `mem_limit of ${service.name} is ${memory.value} bytes, less than 4 MB.`, 'Add a unit: 512m.');
    }
    checkHealthPort(service, refuse);
  }
}

type Refuse = (at: Place, message: string, hint: string) => void;

function checkCronNames(service: Gen1Service, refuse: Refuse): void {
  for (const [label, { at }] of service.labels) {
    if (!label.startsWith('convox.cron')) continue;
    const parts = label.split('.');
    const name = parts[2] ?? '';
    if (parts.length === 3 && parts[1] === 'cron' && /^[a-zA-Z][-a-zA-Z0-9]{3,29}$/.test(name)) continue;
    refuse(
      at,
      `The cron label ${shorten(label)} is not convox.cron.NAME with a name of 4 to 30 letters, digits and dashes.`,
      'Racks refuse it at build.',
    );
  }
}

function checkNumbers(service: Gen1Service, refuse: Refuse): void {
  const check = (label: string, { value, at }: Located<string>, low: number, high: number): void => {
    const number = /^[+-]?\d+$/.test(value) ? Number(value) : Number.NaN;
    if (number >= low && number <= high) return;
    refuse(
      at,
      `${shorten(label)} of ${service.name} is not a number from ${low} to ${high}.`,
      'Racks or AWS refuse it.',
    );
  };
  for (const [label, located] of service.labels) {
    for (const { prefix, low, high } of NUMBERS) if (label.startsWith(prefix)) check(label, located, low, high);
    for (const { prefix, low, high } of PROMOTE_NUMBERS) if (label === prefix) check(label, located, low, high);
  }
}

function checkLinks(service: Gen1Service, byName: ReadonlyMap<string, Gen1Service>, refuse: Refuse): void {
  for (const { value, at } of service.links) {
    const target = byName.get(value);
    if (target === undefined) {
      refuse(
        at,
        `${service.name} links to ${shorten(value)}, which is not a service.`,
        'Racks know no link aliases either.',
      );
    } else if (target.ports.length === 0) {
      refuse(at, `${service.name} links to ${shorten(value)}, which has no ports.`, 'Racks refuse it at build.');
    }
  }
}

function checkHealthPort(service: Gen1Service, refuse: Refuse): void {
  const label = service.labels.get('convox.health.port');
  if (label === undefined) return;
  if (service.ports.some((port) => String(port.container) === label.value)) return;
  refuse(
    label.at,
    `convox.health.port of ${service.name} is not a container port of the service.`,
    'Racks refuse it at build.',
  );
}
