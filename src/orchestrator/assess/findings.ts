/** What the rack, the app, its records and its certificates give cause to say. */
import { differingNames } from '../environments.ts';
import type { Finding, MigrationSettings } from '../plan.ts';
import type { AppFacts, BalancerShortage, EnvironmentMap, Ports, RackFacts, SwitchPlan } from '../ports.ts';

/** First version that gives generation 2 apps on AWS with a checked `generation` (convox/rack@20171204232334). */
const OLDEST_RACK = '20171204232334';

export function rackFindings(rack: RackFacts, settings: MigrationSettings): readonly Finding[] {
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

export function appFindings(app: AppFacts): readonly Finding[] {
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

/** What is copied is the newest release's environment; the app may run an older one. */
export async function environmentFindings(
  { rack }: Ports,
  app: AppFacts,
  environment: EnvironmentMap,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const [newest] = await rack.releases.list(app.name, { limit: 1 }, signal);
  if (app.release === '' || newest === undefined || newest.id === app.release) return [];
  const running = await rack.releases.get(app.name, app.release, signal);
  const names = differingNames(running.env, environment);
  if (names.length === 0) return [];
  return [
    {
      code: 'environment-not-promoted',
      severity: 'warning',
      where: `app ${app.name}`,
      message: `${app.name} runs release ${app.release}; the newest one, ${newest.id}, has another ${names.join(', ')}, and it is the newest environment that the new apps get`,
      hint: `Promote ${newest.id} first and see that the app runs with it, or set the former values again.`,
    },
  ];
}

export function httpFindings({
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

export function dnsFindings({ refused, notices, marks }: SwitchPlan): readonly Finding[] {
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

export function certificateFindings(service: string, problems: readonly string[]): readonly Finding[] {
  return problems.map((message) => ({
    code: 'certificate-problem',
    severity: 'warning',
    where: `service ${service}`,
    message,
    hint: 'The certificate will not be issued until this is mended.',
  }));
}

/** The second app would meet it after the old one is gone. */
export function shortageFinding({ role, what, limit, present, needed }: BalancerShortage): Finding {
  return {
    code: 'balancer-full',
    severity: 'blocker',
    where: `${role} balancer`,
    message: `the ${role} balancer has ${present} of ${limit} ${what}; temporary and final app together need ${needed} more`,
    hint: `Ask AWS for more ${what} per Application Load Balancer (Service Quotas, Elastic Load Balancing), or move apps or domains to another rack, then plan again.`,
  };
}
