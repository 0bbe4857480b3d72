import type { FailureGroup, TrafficReport } from '../../sandbox/network/traffic/traffic-report.ts';
import type { FailuresOfStep } from '../report/report-text.ts';

const NOTHING = 'before or after the migration';

/** Failed requests by the step that was running when they were sent, by cause, and why such requests fail. */
export function failuresByStep({ failureGroups }: TrafficReport, startedAt: number): readonly FailuresOfStep[] {
  return failureGroups.map((group) => ({
    step: group.step ?? NOTHING,
    ...{ cause: group.cause, count: group.count, hosts: group.hosts },
    fromMs: Math.round(group.firstAtMs - startedAt),
    toMs: Math.round(group.lastAtMs - startedAt),
    why: whyItFails(group),
  }));
}

/** What an answer or an error of this kind means at a balancer (Elastic Load Balancing, troubleshooting guides). */
function whyItFails({ cause, detail }: FailureGroup): string {
  switch (cause) {
    case 'dns':
      return `the name had no address: ${detail}`;
    case 'connect':
      return 'nothing listens there: a cached DNS answer led to a balancer that is gone, or a redirect to a port it has not';
    case 'reset':
      return 'the connection was cut: its balancer or its task went away';
    case 'tls':
      return `no certificate for the name was on the listener: ${detail}`;
    case 'timeout':
      return 'no answer in time';
    case 'status 401':
    case 'status 404':
      return 'no rule for the name: the default action of the listener answered';
    case 'status 463':
      return 'more than 30 addresses in X-Forwarded-For: the request went in circles';
    case 'status 502':
      return detail === 'balancer'
        ? 'the rule led to a target that refused or broke off'
        : 'the app could not reach the service behind it';
    case 'status 503':
      return 'the rule of the name led to a target group without a target: not yet started, or already stopped';
    case 'status 504':
      return 'the target did not answer in time';
    case 'wrong app':
      return `another app answered: ${detail}`;
    default:
      return cause.startsWith('status ') ? `the app itself answered so: ${detail}` : detail;
  }
}
