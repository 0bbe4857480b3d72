import type { AwsClientsOptions, AwsClients } from '../aws/clients.ts';
import { createAwsClients } from '../aws/clients.ts';
import type { RateLimit } from '../aws/token-bucket.ts';
import { connect, type Connection } from '../connect/connect.ts';
import type { RackClientOptions } from '../convox-api/options.ts';
import { RackClient } from '../convox-api/rack-client.ts';
import { MigrationError } from '../errors.ts';
import type { Invocation } from './command.ts';
import { getRackLogin, readTls } from './credentials.ts';
import { given } from './given.ts';
import { OPTIONS } from './options/options.ts';
import { verbosityOf } from './output/choose-view.ts';
import { clockOf, findSandbox } from './sandbox-access.ts';
import { sandboxNetwork } from './sandbox-network.ts';
import { secretEnvironment } from './secret-environment.ts';

export interface ConnectionMode {
  /** True: the clients refuse every write before it leaves the process. */
  readonly readOnly: boolean;
  /** When a request to Route 53 may go out; default: this process's own limit. */
  readonly dnsLimit?: RateLimit;
}

/** The procedure's ports to the rack and the AWS account of this call. */
export async function openConnection(
  invocation: Invocation,
  { readOnly, dnsLimit }: ConnectionMode,
  signal: AbortSignal,
): Promise<Connection> {
  const sandbox = findSandbox(invocation);
  const region = invocation.options.get(OPTIONS.region);
  const connection = await connect(
    {
      rack: await rackOptions(invocation),
      aws: { ...awsOptions(invocation), ...given('region', region), ...given('dnsLimit', dnsLimit) },
      clock: clockOf(sandbox),
      readOnly,
      ...(sandbox === undefined ? {} : { network: sandboxNetwork(sandbox) }),
    },
    signal,
  );
  return { ...connection, ports: secretEnvironment(connection.ports, invocation.secrets) };
}

/** The rack's API alone. */
export async function openRack(invocation: Invocation, { readOnly }: ConnectionMode): Promise<RackClient> {
  const clock = clockOf(findSandbox(invocation));
  return new RackClient({ ...(await rackOptions(invocation)), clock, readOnly });
}

/** The SDK clients of a region alone. */
export function openAws(
  invocation: Invocation,
  { readOnly, region }: ConnectionMode & { readonly region: string },
): AwsClients {
  return createAwsClients({ ...awsOptions(invocation), region, readOnly, clock: clockOf(findSandbox(invocation)) });
}

/** The region to ask where no rack tells it. @throws {MigrationError} `AWS_REGION`. */
export function getRegion({ options, shell }: Pick<Invocation, 'options' | 'shell'>): string {
  const region = options.get(OPTIONS.region) ?? shell.env['AWS_REGION'] ?? shell.env['AWS_DEFAULT_REGION'];
  if (region !== undefined && region !== '') return region;
  throw new MigrationError('AWS_REGION', 'no AWS region is known', {
    hint: 'Give --region or set AWS_REGION; with a rack named, its own region is used.',
  });
}

async function rackOptions(invocation: Invocation): Promise<Omit<RackClientOptions, 'clock' | 'readOnly'>> {
  const { url, password } = await getRackLogin(invocation);
  const versionsUrl = findSandbox(invocation)?.versionsUrl;
  const base = { url, password, tls: readTls(invocation), ...given('versionsUrl', versionsUrl) };
  if (verbosityOf(invocation) !== 'verbose') return base;
  const { stderr } = invocation.shell;
  return {
    ...base,
    onCall: ({ operation, method, path, status }) =>
      stderr.write(`  rack ${operation}: ${method} ${path} → ${status ?? 'no answer'}\n`),
  };
}

/** Credentials and `AWS_ENDPOINT_URL` come by the SDK's own chain. */
function awsOptions(invocation: Invocation): Pick<AwsClientsOptions, 'onCall'> {
  if (verbosityOf(invocation) !== 'verbose') return {};
  const { stderr } = invocation.shell;
  return { onCall: ({ service, operation }) => stderr.write(`  aws ${service}:${operation}\n`) };
}
