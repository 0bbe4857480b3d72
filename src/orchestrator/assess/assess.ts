/** Reads everything a migration depends on, and says all problems at once. Changes nothing. */
import { MigrationError } from '../../errors.ts';
import { stackName } from '../app-changes.ts';
import { drainingFindings, readOldDraining } from '../draining.ts';
import { fingerprint } from '../environments.ts';
import { sha256 } from '../plan-basis.ts';
import type { Assessment, Finding, MigrationSettings, PlannedService } from '../plan.ts';
import type {
  AppFacts,
  BalancerRole,
  DomainRecord,
  OldBalancer,
  Ports,
  RackFacts,
  SharedBalancer,
  SwitchPlan,
} from '../ports.ts';
import { balancerFindings } from './balancer-room.ts';
import { forecastCost } from './cost.ts';
import { assessManifest } from './manifest.ts';
import { chooseTemporaryName } from './temporary-name.ts';

/** First version that gives generation 2 apps on AWS with a checked `generation` (convox/rack@20171204232334). */
const OLDEST_RACK = '20171204232334';
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
  const future = {
    ...{ rack, rackVersion, balancers: shared, redirectsHttp: !keepsHttp },
    services: manifest.services.map((service) => ({ ...service, hasPort: service.port !== undefined })),
  };
  const temporaryApp = await chooseTemporaryName(ports, { settings, future }, signal);
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
  const certificates = await aws.forecastCertificates(
    { rackVersion, services: manifest.services.filter(({ port }) => port !== undefined) },
    signal,
  );
  const drainingSeconds = await readOldDraining(aws, balancers, signal);
  // The converter carries it over itself, and says where it cannot.
  if (manifest.origin === 'source') findings.push(...drainingFindings(manifest.services, drainingSeconds, rackVersion));
  findings.push(...(await balancerFindings(ports, { ...future, app: temporaryApp, certificates }, signal)));
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

function rackFindings(rack: RackFacts, settings: MigrationSettings): readonly Finding[] {
  const findings: Finding[] = [];
  if (rack.status !== 'running') {
    findings.push({
      code: 'rack-not-running',
      severity: 'blocker',
      message: `rack ${rack.name} is ${rack.status}`,
      hint: 'Wait until it is running, then plan again.',
    });
  }
  if ((settings.updateRackTo ?? rack.version) < OLDEST_RACK) {
    findings.push({
      code: 'rack-too-old',
      severity: 'blocker',
      message: `rack ${rack.name} is at ${rack.version}; generation 2 needs ${OLDEST_RACK} or later`,
      hint: 'Plan again with --update-rack VERSION.',
    });
  }
  if (settings.tlsNotice !== undefined) {
    findings.push({
      code: 'rack-not-verified',
      severity: 'warning',
      message: settings.tlsNotice,
      hint: 'Anyone between here and the rack could read the password and all environment values.',
    });
  }
  return findings;
}

function appFindings(app: AppFacts): readonly Finding[] {
  const findings: Finding[] = [];
  if (app.status !== 'running') {
    findings.push({
      code: 'app-not-running',
      severity: 'blocker',
      message: `app ${app.name} is ${app.status}`,
      hint: 'Wait until it is running, then plan again.',
    });
  }
  if (app.locked) {
    findings.push({
      code: 'app-locked',
      severity: 'blocker',
      message: `app ${app.name} is locked against deletion`,
      hint: 'Unlock it (`convox apps unlock`), then plan again.',
    });
  }
  return findings;
}

function httpFindings({
  redirects,
  answersHttp,
  keepsHttp,
}: {
  readonly redirects: boolean;
  readonly answersHttp: boolean;
  readonly keepsHttp: boolean;
}): readonly Finding[] {
  if (!redirects || !answersHttp) return [];
  if (keepsHttp) {
    return [
      {
        code: 'http-kept',
        severity: 'info',
        message: 'http:// is answered by the app as before: the new apps get RedirectHttps=No',
        hint: 'With --plain-http redirect the rack sends http:// to https:// from the cutover on.',
      },
    ];
  }
  return [
    {
      code: 'http-redirect',
      severity: 'warning',
      message:
        'http:// answers with a redirect to https:// from the cutover on; the old balancers answer it themselves',
      hint: 'Clients that do not follow redirects, or send POST over http, must use https first; or leave --plain-http redirect out.',
    },
  ];
}

function dnsFindings({ refused, notices, marks }: SwitchPlan): readonly Finding[] {
  return [
    ...refused.map(({ name, reason }): Finding => ({
      code: 'dns-record-unsupported',
      severity: 'blocker',
      where: name,
      message: `${name}: ${reason}`,
      hint: 'Move this record by hand, or change it to a form that can be moved, then plan again.',
    })),
    ...marks.map(({ name, says }): Finding => ({
      code: 'dns-record-owned',
      severity: 'warning',
      where: name,
      message: says,
      hint: 'Give that program the new target (an Ingress or Service of external-dns), or stop it, before the records are switched.',
    })),
    ...notices.map((message): Finding => ({ code: 'dns-notice', severity: 'info', message, hint: 'Nothing to do.' })),
  ];
}

function certificateFindings(service: string, problems: readonly string[]): readonly Finding[] {
  return problems.map((message) => ({
    code: 'certificate-problem',
    severity: 'warning',
    where: `service ${service}`,
    message,
    hint: 'The certificate will not be issued until this is mended.',
  }));
}

function destroyed(app: string, balancers: readonly OldBalancer[], links: readonly string[]): readonly string[] {
  return [
    `app ${app} (generation 1) with its releases and builds`,
    ...balancers.map(({ name }) => `classic ELB ${name}`),
    ...links.map((resource) => `link of resource ${resource} (made again on the new app)`),
  ];
}
