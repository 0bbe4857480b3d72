/** Reads everything a migration depends on, and says all problems at once. Changes nothing. */
import { MigrationError } from '../../errors.ts';
import { stackName } from '../app-changes.ts';
import { drainingFindings, readOldDraining } from '../draining.ts';
import { fingerprint } from '../environments.ts';
import { sha256 } from '../plan-basis.ts';
import type { Assessment, Finding, MigrationSettings, PlannedService } from '../plan.ts';
import type { AppFacts, BalancerRole, DomainRecord, OldBalancer, Ports, RackFacts, SharedBalancer } from '../ports.ts';
import { forecastCost } from './cost.ts';
import {
  appFindings,
  certificateFindings,
  dnsFindings,
  environmentFindings,
  httpFindings,
  rackFindings,
  shortageFinding,
} from './findings.ts';
import { assessManifest } from './manifest.ts';
import { chooseTemporaryName, temporaryNames } from './temporary-name.ts';

/** First version whose balancers redirect port 80 to 443, unless the app's parameter RedirectHttps is No. */
const HTTP_REDIRECTS = '20190103234204';

export interface Assessed {
  readonly findings: readonly Finding[];
  readonly assessment: Assessment | undefined;
}

/**
 * @throws {MigrationError} for what makes looking further pointless: no rack, no permission, no such app, an app that is
 * generation 2 already, a missing source folder, a temporary name that is taken.
 */
export async function assess(ports: Ports, settings: MigrationSettings, signal: AbortSignal): Promise<Assessed> {
  const { rack: client, aws } = ports;
  await assertSource(ports, settings);
  const rack = await client.system.get(signal);
  const { account } = await aws.checkAccount(rack, signal);
  const app = await getOldApp(ports, settings.app, rack, signal);
  const missing = await aws.missingPermissions(stackName(rack.name, app.name), signal);
  if (missing.length > 0) throw permissionsMissing(missing);
  const stack = await aws.findStack(stackName(rack.name, app.name), signal);
  if (stack === undefined) throw stackMissing(rack, app);

  const rackVersion = settings.updateRackTo ?? rack.version;
  const [services, parameters, environment, links] = await Promise.all([
    client.services.list(app.name, signal),
    client.apps.parameters(app.name, signal),
    client.environment.get(app.name, signal),
    linkedResources(ports, app.name, signal),
  ]);
  const serviceNames = services.map(({ name }) => name);
  const balancers = await aws.oldBalancers(stack.arn, serviceNames, signal);
  const records = await aws.domainRecords(balancers, rack, signal);
  const environmentNames = [...environment.keys()];
  const rackIsInternal = rack.parameters['Internal'] === 'Yes';
  const manifest = await assessManifest({
    ...{ settings, source: ports.source, app: app.name, rackVersion, rackIsInternal, services },
    ...{ parameters, environment, records },
  });
  const answersHttp = balancers.some((balancer) => balancer.answersHttp);
  const keepsHttp = rackVersion >= HTTP_REDIRECTS && answersHttp && settings.plainHttp !== 'redirect';
  const findings: Finding[] = [
    ...rackFindings(rack, settings),
    ...appFindings(app),
    ...(await environmentFindings(ports, app, environment, signal)),
    ...httpFindings({ redirects: rackVersion >= HTTP_REDIRECTS, answersHttp, keepsHttp }),
    ...manifest.findings,
  ];
  if (
    manifest.text === undefined ||
    manifest.read === undefined ||
    findings.some(({ severity }) => severity === 'blocker')
  ) {
    return { findings, assessment: undefined };
  }

  const needsInternal = manifest.services.some(({ port, role }) => port !== undefined && role === 'internal');
  const shared = await findShared(ports, rack, manifest.services, rackIsInternal, signal);
  const certificates = await aws.forecastCertificates(
    { rackVersion, services: manifest.services.filter(({ port }) => port !== undefined) },
    signal,
  );
  const future = {
    ...{ rack, rackVersion, balancers: shared, redirectsHttp: !keepsHttp, certificates },
    ...{ names: temporaryNames(settings), besides: app.name },
    services: manifest.services.map((service) => ({ ...service, hasPort: service.port !== undefined })),
  };
  const { clashes, shortages } = await aws.balancerRoom(future, signal);
  const temporaryApp = await chooseTemporaryName(ports, { settings, future, clashes }, signal);
  const dns = await aws.planSwitch(
    {
      records,
      from: balancers,
      targets: shared,
      roleOf: (record) => roleOf(manifest.services, record),
      stagePercents: settings.stagePercents ?? [],
    },
    signal,
  );
  const drainingSeconds = await readOldDraining(aws, balancers, signal);
  // The converter carries it over itself, and says where it cannot.
  if (manifest.origin === 'source') findings.push(...drainingFindings(manifest.services, drainingSeconds, rackVersion));
  findings.push(...shortages.map(shortageFinding));
  findings.push(...dnsFindings(dns));
  findings.push(...certificates.flatMap(({ service, problems }) => certificateFindings(service, problems)));

  return {
    findings,
    assessment: {
      rack: { name: rack.name, version: rack.version, region: rack.region, account },
      app: app.name,
      temporaryApp,
      old: {
        ...{
          stackArn: stack.arn,
          release: app.release,
          parameters,
          environmentNames,
          balancers,
          drainingSeconds,
          links,
        },
        environmentFingerprint: fingerprint(environment, stack.arn),
      },
      manifest: {
        ...{ text: manifest.text, origin: manifest.origin },
        ...{ file: manifest.read.file, fingerprint: sha256(manifest.read.text) },
      },
      services: manifest.services,
      keepsHttp,
      needsInternal,
      internalEnabled: rackIsInternal,
      balancers: shared,
      records,
      dns: {
        changes: dns.changes,
        notices: [...dns.notices, ...dns.marks.map(({ says }) => says)],
        refused: dns.refused,
      },
      certificates,
      cost: forecastCost(balancers, {
        newInternalBalancer: needsInternal && !rackIsInternal,
        own: settings.prices,
      }),
      destroys: destroyed(app.name, balancers, links),
    },
  };
}

async function assertSource({ source }: Ports, { sourceFolder }: MigrationSettings): Promise<void> {
  if (await source.exists(sourceFolder)) return;
  throw new MigrationError('SOURCE_INVALID', `source folder ${sourceFolder} does not exist`, {
    hint: "Give the folder with the app's docker-compose.yml with --source.",
    details: { sourceFolder },
  });
}

async function getOldApp(
  { rack: client }: Ports,
  name: string,
  rack: RackFacts,
  signal: AbortSignal,
): Promise<AppFacts> {
  const app = await client.apps.find(name, signal);
  if (app === undefined) {
    const names = (await client.apps.list(signal)).map((found) => found.name);
    throw new MigrationError('APP_NOT_FOUND', `rack ${rack.name} has no app ${name}`, {
      hint: names.length === 0 ? 'It has no apps at all: is it the right rack?' : `It has: ${names.join(', ')}.`,
      details: { app: name, rack: rack.name },
    });
  }
  if (app.generation === '1') return app;
  throw new MigrationError('APP_ALREADY_GEN2', `app ${name} is generation 2 already`, {
    hint: 'There is nothing to migrate. See what was done with `gen2 status`.',
    details: { app: name },
  });
}

function permissionsMissing(actions: readonly string[]): MigrationError {
  return new MigrationError('AWS_DENIED', `AWS refuses what a migration needs to read: ${actions.join(', ')}`, {
    hint: 'Allow these actions for the credentials in use; docs/iam-policy.json holds the least that each verb needs.',
    details: { actions },
  });
}

function stackMissing(rack: RackFacts, app: AppFacts): MigrationError {
  return new MigrationError(
    'AWS_NOT_FOUND',
    `CloudFormation has no stack ${stackName(rack.name, app.name)} for app ${app.name}`,
    {
      hint: `The credentials must be for the account and region (${rack.region}) of the rack.`,
      details: { app: app.name, region: rack.region },
    },
  );
}

async function linkedResources({ rack }: Ports, app: string, signal: AbortSignal): Promise<readonly string[]> {
  const resources = await rack.resources.list(signal);
  // The list of a classic rack does not say who is linked: each is asked.
  const found = await Promise.all(resources.map(({ name }) => rack.resources.get(name, signal)));
  return found.filter(({ linkedApps }) => linkedApps.includes(app)).map(({ name }) => name);
}

async function findShared(
  { aws }: Ports,
  rack: RackFacts,
  services: readonly PlannedService[],
  rackIsInternal: boolean,
  signal: AbortSignal,
): Promise<Readonly<Partial<Record<BalancerRole, SharedBalancer>>>> {
  const roles = new Set(services.filter(({ port }) => port !== undefined).map(({ role }) => role));
  const found: Partial<Record<BalancerRole, SharedBalancer>> = {};
  for (const role of roles) {
    // It does not exist yet; the step that enables it finds it.
    if (role === 'internal' && !rackIsInternal) continue;
    found[role] = await aws.findBalancer(role, rack, signal);
  }
  return found;
}

function roleOf(services: readonly PlannedService[], record: DomainRecord): BalancerRole {
  return services.find(({ name }) => name === record.service)?.role ?? 'public';
}

function destroyed(app: string, balancers: readonly OldBalancer[], links: readonly string[]): readonly string[] {
  return [
    `app ${app} (generation 1) with its releases and builds`,
    ...balancers.map(({ name }) => `classic ELB ${name}`),
    ...links.map((resource) => `link of resource ${resource} (made again on the new app)`),
  ];
}
