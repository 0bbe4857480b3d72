import { readGen1Manifest, balancerPorts, isInternal } from '../stacks/manifests/gen1-manifest.ts';
import { readGen2Manifest } from '../stacks/manifests/gen2-manifest.ts';
import { upperName } from '../stacks/templates/rack-features.ts';
import type { Api } from './api.ts';
import { generationOf, releaseOf } from './apps.ts';
import { findCertificateByArn } from './certificates.ts';
import { parseEnv } from './env-text.ts';
import type { Release } from './rack-store.ts';
import { RackRefusal } from './reply.ts';
import type { StackFacts } from './stack-view.ts';

/** A service of the active release, as both eras' lists are made from it. */
export interface AppService {
  readonly name: string;
  /** Host name of its balancer; empty without one. */
  readonly host: string;
  readonly count: number;
  readonly cpu: number;
  readonly memory: number;
  /** `undefined` for a generation-2 service without a port: the API then says `null` instead of an empty list. */
  readonly ports: readonly ServicePort[] | undefined;
}

export interface ServicePort {
  readonly balancer: number;
  readonly container: number;
  /** ARN of the certificate on a generation-1 listener; empty without one. */
  readonly certificateArn: string;
}

/** In the order of the manifest; none before the first promotion. */
export function servicesOf(api: Api, stack: StackFacts): readonly AppService[] {
  const release = api.store.releases.get(releaseOf(stack));
  if (release === undefined || release.manifest === '') return [];
  return generationOf(stack) === '2' ? gen2Services(api, stack, release) : gen1Services(stack, release);
}

function gen1Services(stack: StackFacts, release: Release): readonly AppService[] {
  return readGen1Manifest(release.manifest).services.map((service) => {
    const upper = upperName(service.name);
    const suffix = isInternal(service) ? 'InternalHost' : 'Host';
    const host = stack.outputs.get(`Balancer${upper}Host`) ?? stack.outputs.get(`Balancer${upper}${suffix}`) ?? '';
    return {
      name: service.name,
      host,
      ...formationOf(stack, service.name, { count: 1, cpu: 0, memory: 256 }),
      ports: balancerPorts(service).map(({ balancer, container }) => ({
        balancer,
        container,
        certificateArn: (stack.parameters.get(`${upper}Port${balancer}Listener`) ?? '').split(',')[1] ?? '',
      })),
    };
  });
}

function gen2Services(api: Api, stack: StackFacts, release: Release): readonly AppService[] {
  const app = stack.tags.get('Name') ?? '';
  const { outputs } = api.rackStack();
  const environment = parseEnv(release.env);
  const { services } = readGen2Manifest({ text: release.manifest, environment, rackVersion: api.version });
  return services.map(({ name, port, isInternal: internal }) => {
    const router = outputs.get(internal ? 'RouterInternalHost' : 'RouterHost') ?? '';
    const formation = formationOf(stack, name, { count: 1, cpu: 128, memory: 256 });
    if (port === undefined) return { name, host: '', ...formation, ports: undefined };
    const ports = [80, 443].map((balancer) => ({ balancer, container: port.number, certificateArn: '' }));
    return { name, host: `${app}-${name}.${router}`, ...formation, ports };
  });
}

export interface Formation {
  readonly count: number;
  readonly cpu: number;
  readonly memory: number;
}

/** The parameter `<Service>Formation`: `count,cpu,memory`. */
export function formationOf(stack: StackFacts, service: string, standard: Formation): Formation {
  const text = stack.parameters.get(`${upperName(service)}Formation`);
  if (text === undefined) return standard;
  const [count = standard.count, cpu = standard.cpu, memory = standard.memory] = text.split(',').map(Number);
  return { count, cpu, memory };
}

/** The id of a listener's certificate as the API shows it; empty for unknown ones. */
export function certificateId(api: Api, arn: string): string {
  return arn === '' ? '' : (findCertificateByArn(api, arn)?.id ?? '');
}

/** What a process of the service sees: the environment of the tasks that run. */
export function environmentOf(
  api: Api,
  stack: StackFacts,
  release: Release,
  service: string,
): ReadonlyMap<string, string> {
  const app = stack.tags.get('Name') ?? '';
  const running = [...api.world.compute.services.values()].find(
    (each) => !each.deleted && each.app === app && each.service === service,
  );
  if (running === undefined) throw new RackRefusal(api.isClassic ? 500 : 404, `no such service: ${service}`);
  if (running.taskDefinition.release !== release.id) {
    throw new RackRefusal(500, 'the sandbox runs one-off processes of the active release only');
  }
  return running.taskDefinition.environment;
}
