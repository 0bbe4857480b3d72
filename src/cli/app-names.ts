import { listAppBalancers, type AppBalancer } from '../aws/app-balancers.ts';
import { findCertificate } from '../aws/certificates.ts';
import type { AwsClients } from '../aws/clients.ts';
import { recordsPointingAt } from '../aws/dns/records.ts';
import { MigrationError } from '../errors.ts';
import type { RunningApp } from '../manifest/convert-types.ts';
import type { Invocation } from './command.ts';
import { given } from './given.ts';
import { openAws } from './open-aws.ts';

export type Names = Readonly<Record<string, readonly string[]>>;

export interface AppNames {
  readonly known: Pick<RunningApp, 'dnsNames' | 'certificates'>;
  /** What could not be found out, a sentence each. */
  readonly notKnown: readonly string[];
}

export interface AppNamesRequest {
  /** Name of the app's stack: `<rack>-<app>`. */
  readonly stack: string;
  readonly region: string;
  readonly services: readonly string[];
}

/**
 * Asks AWS which names lead to an app's own balancers, and which its certificates hold. What AWS does not tell, for
 * want of credentials, permission or a network, is in `notKnown`; a conversion goes on without it.
 *
 * @throws {MigrationError} `STOPPED`.
 */
export async function findAppNames(
  invocation: Invocation,
  { stack, region, services }: AppNamesRequest,
): Promise<AppNames> {
  const { signal } = invocation.shell;
  const notKnown: string[] = [];
  const unlessRefused = async <T>(what: string, read: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await read();
    } catch (error) {
      if (signal.aborted || !MigrationError.is(error)) throw error;
      notKnown.push(`${what}: [${error.code}] ${error.message}`);
      return undefined;
    }
  };
  const clients = openAws(invocation, { readOnly: true, region });
  try {
    const balancers = await unlessRefused('names in DNS and certificates', () =>
      listAppBalancers({ clients, stack, services }, signal),
    );
    if (balancers === undefined) return { known: {}, notKnown };
    const dnsNames = await unlessRefused('names in DNS', () => readDnsNames(clients, balancers, signal));
    const certificates = await unlessRefused('names on certificates', () =>
      readCertificateNames(clients, balancers, signal),
    );
    return {
      known: { ...given('dnsNames', dnsNames), ...given('certificates', certificates) },
      notKnown,
    };
  } finally {
    clients.destroy();
  }
}

async function readDnsNames(
  clients: AwsClients,
  balancers: readonly AppBalancer[],
  signal: AbortSignal,
): Promise<Names> {
  const targets = balancers.map(({ dnsName }) => dnsName);
  const records = targets.length === 0 ? [] : await recordsPointingAt({ clients, targets }, signal);
  return byService(
    balancers.flatMap(({ service, dnsName }) =>
      records.filter(({ target }) => target === dnsName).map(({ record }) => ({ service, names: [record.name] })),
    ),
  );
}

/** Of ACM's certificates; the names of those uploaded to IAM are not read. */
async function readCertificateNames(
  clients: AwsClients,
  balancers: readonly AppBalancer[],
  signal: AbortSignal,
): Promise<Names> {
  const found: { service: string | undefined; names: readonly string[] }[] = [];
  for (const { service, classic } of balancers) {
    const arns = (classic?.listeners ?? []).flatMap(({ certificateArn: arn }) => (arn === undefined ? [] : [arn]));
    for (const arn of new Set(arns.filter((each) => each.includes(':acm:')))) {
      const certificate = await findCertificate({ clients, arn }, signal);
      if (certificate !== undefined) found.push({ service, names: certificate.domains });
    }
  }
  return byService(found);
}

function byService(
  found: readonly { readonly service?: string | undefined; readonly names: readonly string[] }[],
): Names {
  return mergeNames(...found.map(({ service, names }) => (service === undefined ? {} : { [service]: names })));
}

/** Names of several sources as one, each service's shortest first: the first becomes the certificate's common name. */
export function mergeNames(...sources: readonly Names[]): Names {
  const all = new Map<string, Set<string>>();
  for (const [service, names] of sources.flatMap((source) => Object.entries(source))) {
    const known = all.get(service) ?? new Set();
    for (const name of names) known.add(name);
    all.set(service, known);
  }
  const sorted = [...all].map(
    ([service, names]) => [service, [...names].toSorted((a, b) => a.length - b.length || (a < b ? -1 : 1))] as const,
  );
  return Object.fromEntries(sorted);
}
