import type { AwsClientsOptions } from '../aws/client-maker.ts';
import { MigrationError } from '../errors.ts';
import type { Invocation } from './command.ts';
import { OPTIONS } from './options/options.ts';
import { verbosityOf } from './output/choose-view.ts';

/** Credentials and `AWS_ENDPOINT_URL` come by the SDK's own chain. */
export function awsOptions(invocation: Invocation): Pick<AwsClientsOptions, 'onCall'> {
  if (verbosityOf(invocation) !== 'verbose') return {};
  const { stderr } = invocation.shell;
  return { onCall: ({ service, operation }) => stderr.write(`  aws ${service}:${operation}\n`) };
}

/** The region to ask where no rack tells it. @throws {MigrationError} `AWS_REGION`. */
export function getRegion({ options, shell }: Pick<Invocation, 'options' | 'shell'>): string {
  const region = options.get(OPTIONS.region) ?? shell.env['AWS_REGION'] ?? shell.env['AWS_DEFAULT_REGION'];
  if (region !== undefined && region !== '') return region;
  throw new MigrationError('AWS_REGION', 'no AWS region is known', {
    hint: 'Give --region or set AWS_REGION; with a rack named, its own region is used.',
  });
}
