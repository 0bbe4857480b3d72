import type { RateLimit } from '../aws/token-bucket.ts';
import { connect, type Connection } from '../connect/connect.ts';
import { awsOptions } from './aws-options.ts';
import type { Invocation } from './command.ts';
import { given } from './given.ts';
import { rackOptions } from './open-rack.ts';
import { OPTIONS } from './options/options.ts';
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
