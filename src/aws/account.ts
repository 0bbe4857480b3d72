import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { MigrationError } from '../errors.ts';
import { ask, present } from './aws-error.ts';
import type { AwsClients } from './clients.ts';

/** Whose credentials these are. */
export interface CallerIdentity {
  /** Twelve digits. */
  readonly account: string;
  readonly arn: string;
}

/** The parts of `arn:aws:cloudformation:<region>:<account>:stack/<name>/<uuid>`. */
export interface StackArn {
  readonly arn: string;
  readonly partition: string;
  readonly region: string;
  readonly account: string;
  readonly name: string;
  /** Differs between a stack and one of the same name made after it was deleted. */
  readonly uuid: string;
}

const STACK_ARN = /^arn:(aws[a-z-]*):cloudformation:([a-z0-9-]+):(\d{12}):stack\/([A-Za-z0-9-]+)\/([A-Za-z0-9-]+)$/;

/** Reads an ARN of a stack; `undefined` for anything else. */
export function findStackArn(text: string): StackArn | undefined {
  const [, partition, region, account, name, uuid] = STACK_ARN.exec(text) ?? [];
  if (!partition || !region || !account || !name || !uuid) return undefined;
  return { arn: text, partition, region, account, name, uuid };
}

/** @throws {MigrationError} `AWS_REFUSED` if the text is not the ARN of a stack. */
export function parseStackArn(text: string): StackArn {
  const parsed = findStackArn(text);
  if (parsed !== undefined) return parsed;
  throw new MigrationError('AWS_REFUSED', `not the ARN of a CloudFormation stack: ${text}`, {
    hint: "A rack's StackId looks like arn:aws:cloudformation:REGION:ACCOUNT:stack/NAME/UUID.",
  });
}

/** Asks AWS whose the credentials are; needs no permission (AWS STS API reference, GetCallerIdentity). */
export async function readCallerIdentity(
  { clients }: { readonly clients: Pick<AwsClients, 'sts'> },
  signal: AbortSignal,
): Promise<CallerIdentity> {
  const what = 'read whose AWS credentials these are';
  const answer = await ask(
    what,
    'sts:GetCallerIdentity',
    (options) => clients.sts.send(new GetCallerIdentityCommand({}), options),
    signal,
  );
  return { account: present(answer.Account, 'Account', what), arn: present(answer.Arn, 'Arn', what) };
}

export interface CheckAccountOptions {
  readonly clients: Pick<AwsClients, 'sts' | 'region'>;
  readonly rackName: string;
  /** The rack's own StackId output. */
  readonly stackId: string;
}

/**
 * Proves that the credentials are of the rack's account and the clients of its region.
 *
 * @throws {MigrationError} `AWS_ACCOUNT_MISMATCH` or `AWS_REGION`, each naming both sides.
 */
export async function checkAccount(
  { clients, rackName, stackId }: CheckAccountOptions,
  signal: AbortSignal,
): Promise<CallerIdentity> {
  const stack = parseStackArn(stackId);
  checkRegion(clients.region, rackName, stack);
  const caller = await readCallerIdentity({ clients }, signal);
  if (caller.account !== stack.account) {
    throw new MigrationError(
      'AWS_ACCOUNT_MISMATCH',
      `the AWS credentials are of account ${caller.account}, rack ${rackName} is in account ${stack.account}`,
      {
        hint: `Give credentials of account ${stack.account}.`,
        details: { credentialsAccount: caller.account, rackAccount: stack.account, caller: caller.arn },
      },
    );
  }
  return caller;
}

/** @throws {MigrationError} `AWS_REGION` if the clients ask another region than the rack's. */
export function checkRegion(region: string, rackName: string, stack: StackArn): void {
  if (region === stack.region) return;
  throw new MigrationError('AWS_REGION', `rack ${rackName} is in ${stack.region}, the AWS clients ask ${region}`, {
    hint: `Leave --region out, or give ${stack.region}, the one in the rack's StackId; nothing was changed.`,
    details: { clientRegion: region, rackRegion: stack.region },
  });
}
