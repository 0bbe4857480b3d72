import { createAwsClients, type AwsClients } from '../aws/clients.ts';
import { awsOptions } from './aws-options.ts';
import type { Invocation } from './command.ts';
import { clockOf, findSandbox } from './sandbox-access.ts';

/** The SDK clients of a region alone. */
export function openAws(
  invocation: Invocation,
  { readOnly, region }: { readonly readOnly: boolean; readonly region: string },
): AwsClients {
  return createAwsClients({ ...awsOptions(invocation), region, readOnly, clock: clockOf(findSandbox(invocation)) });
}
