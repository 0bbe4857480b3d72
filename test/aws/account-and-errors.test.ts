import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { DeleteCertificateCommand } from '@aws-sdk/client-acm';
import { inspect } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { checkAccount, findStackArn, parseStackArn, readCallerIdentity } from '../../src/aws/account.ts';
import { awsError } from '../../src/aws/aws-error.ts';
import { TokenBucket } from '../../src/aws/token-bucket.ts';
import { listZones } from '../../src/aws/dns/zones.ts';
import { MigrationError } from '../../src/errors.ts';
import { DROP, Fault, startScriptedAws, type ScriptedAws } from './support/scripted-aws.ts';
import { signal, SteppingClock } from './support/signal.ts';

const STACK_ID = 'arn:aws:cloudformation:us-east-1:123456789012:stack/convox/5e6f7a80-0000-11f0-aaaa-0123456789ab';
const identity = { Account: '123456789012', Arn: 'arn:aws:iam::123456789012:user/me', UserId: 'U' };

let aws: ScriptedAws | undefined;
afterEach(async () => {
  await aws?.close();
  aws = undefined;
});

describe('checkAccount', () => {
  it('reads account and region from the rack’s StackId', () => {
    expect(parseStackArn(STACK_ID)).toMatchObject({ region: 'us-east-1', account: '123456789012', name: 'convox' });
    expect(findStackArn('convox')).toBeUndefined();
    expect(() => parseStackArn('convox')).toThrow(expect.objectContaining({ code: 'AWS_REFUSED' }));
  });

  it('refuses credentials of another account, naming both', async () => {
    aws = await startScriptedAws({ GetCallerIdentity: () => ({ ...identity, Account: '210987654321' }) });

    const check = checkAccount({ clients: aws.clients(), rackName: 'convox', stackId: STACK_ID }, signal);

    await expect(check).rejects.toMatchObject({
      code: 'AWS_ACCOUNT_MISMATCH',
      message: expect.stringMatching(/210987654321.*123456789012/) as string,
    });
  });

  it('refuses clients of another region before asking anything', async () => {
    aws = await startScriptedAws({});
    const clients = aws.clients({ region: 'eu-west-1' });

    const check = checkAccount({ clients, rackName: 'convox', stackId: STACK_ID }, signal);

    await expect(check).rejects.toMatchObject({ code: 'AWS_REGION', details: { rackRegion: 'us-east-1' } });
    expect(aws.calls).toEqual([]);
  });
});

describe('errors of AWS', () => {
  const fail = async (fault: Fault): Promise<MigrationError> => {
    aws = await startScriptedAws({ GetCallerIdentity: () => fault });
    const error: unknown = await readCallerIdentity({ clients: aws.clients() }, signal).catch((e: unknown) => e);
    if (!MigrationError.is(error)) throw error;
    return error;
  };

  it.each([
    ['ExpiredToken', 'AWS_CREDENTIALS', /have expired/],
    ['InvalidClientTokenId', 'AWS_CREDENTIALS', /does not accept/],
    ['SignatureDoesNotMatch', 'AWS_CREDENTIALS', /does not accept/],
    ['Throttling', 'AWS_THROTTLED', /slow down/],
    ['SomethingElse', 'AWS_REFUSED', /SomethingElse/],
  ] as const)('%s becomes %s', async (awsCode, code, message) => {
    const error = await fail(new Fault(awsCode, 'told by AWS', 400));

    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
    expect(error.details).toMatchObject({ awsCode, operation: 'sts:GetCallerIdentity' });
  });

  it('a wrong clock is said to be one', async () => {
    const error = await fail(
      new Fault('SignatureDoesNotMatch', 'Signature expired: 20260101T000000Z is now earlier than', 403),
    );

    expect(error.code).toBe('AWS_CREDENTIALS');
    expect(error.hint).toMatch(/clock/);
  });

  it('a denied call names the action it wants', async () => {
    const denied = await fail(
      new Fault('AccessDenied', 'User: me is not authorized to perform: sts:AssumeRole on resource: x', 403),
    );

    expect(denied).toMatchObject({ code: 'AWS_DENIED', details: { action: 'sts:AssumeRole' } });
  });

  it('a denied call whose answer names no action names its own', async () => {
    const denied = await fail(new Fault('AccessDenied', 'no', 403));

    expect(denied).toMatchObject({ code: 'AWS_DENIED', details: { action: 'sts:GetCallerIdentity' } });
  });

  it.each([new Fault('InternalFailure', 'oops', 500), DROP])('no proper answer is worth another try', async (fault) => {
    expect(await fail(fault)).toMatchObject({ code: 'AWS_UNREACHABLE', retryable: true });
  });

  it('an answer without a needed field is named', async () => {
    aws = await startScriptedAws({ GetCallerIdentity: () => ({ Arn: 'x' }) });

    await expect(readCallerIdentity({ clients: aws.clients() }, signal)).rejects.toMatchObject({
      code: 'AWS_REFUSED',
      message: expect.stringContaining('Account') as string,
    });
  });

  it('keep no secret of the request, whichever way they are printed', async () => {
    const error = await fail(new Fault('SomethingElse', 'no', 400));

    const printed = inspect(error, { depth: 20 }) + JSON.stringify(error);

    expect(printed).not.toMatch(/Credential=|AKIATEST|Signature=/);
  });

  it('a stopped call says STOPPED, whatever the SDK makes of it', async () => {
    const controller = new AbortController();
    aws = await startScriptedAws({
      GetCallerIdentity: () => {
        controller.abort(new Error('Ctrl-C'));
        return new Promise(() => undefined);
      },
    });

    const call = readCallerIdentity({ clients: aws.clients() }, controller.signal);

    await expect(call).rejects.toMatchObject({ code: 'STOPPED' });
  });

  it('no call leaves once the signal is aborted', async () => {
    aws = await startScriptedAws({});

    await expect(readCallerIdentity({ clients: aws.clients() }, AbortSignal.abort())).rejects.toMatchObject({
      code: 'STOPPED',
    });
    expect(aws.calls).toEqual([]);
  });

  it.each([
    ['ENOTFOUND', 'AWS_REGION', false],
    ['ECONNREFUSED', 'AWS_UNREACHABLE', true],
    ['EAI_AGAIN', 'AWS_UNREACHABLE', true],
  ])('an unknown region is told from a network fault: %s', (code, expected, retryable) => {
    const foreign = Object.assign(new Error(`getaddrinfo ${code} sts.mars-east-1.amazonaws.com`), { code });

    const error = awsError('read whose these are', 'sts:GetCallerIdentity', foreign, signal);

    expect(error).toMatchObject({ code: expected, retryable });
  });

  it('what is no error at all is still named', () => {
    expect(awsError('look', 'sts:X', 'odd', signal)).toMatchObject({ code: 'AWS_REFUSED' });
  });
});

describe('createAwsClients', () => {
  it('survives a throttling storm', async () => {
    let storm = 3;
    aws = await startScriptedAws({
      GetCallerIdentity: () => (storm-- > 0 ? new Fault('Throttling', 'Rate exceeded') : identity),
    });

    const caller = await readCallerIdentity({ clients: aws.clients({ maxAttempts: 8 }) }, signal);

    expect(caller.account).toBe('123456789012');
    expect(aws.calls).toHaveLength(4);
  });

  it('reports each request it sends, retries included', async () => {
    let first = true;
    const sent: string[] = [];
    aws = await startScriptedAws({
      GetCallerIdentity: () => {
        if (!first) return identity;
        first = false;
        return DROP;
      },
    });
    const onCall = (call: { service: string; operation: string }): void =>
      void sent.push(`${call.service}:${call.operation}`);

    await readCallerIdentity({ clients: aws.clients({ maxAttempts: 3, onCall }) }, signal);

    expect(sent).toEqual(['sts:GetCallerIdentity', 'sts:GetCallerIdentity']);
  });

  it('refuses a write before it leaves the process when it may only read', async () => {
    aws = await startScriptedAws({ GetCallerIdentity: () => identity });
    const clients = aws.clients({ readOnly: true });

    const write = clients.acm.send(new DeleteCertificateCommand({ CertificateArn: 'arn:aws:acm:x' }));

    await expect(write).rejects.toMatchObject({ code: 'READ_ONLY', details: { operation: 'DeleteCertificate' } });
    expect(aws.calls).toEqual([]);
    await expect(clients.sts.send(new GetCallerIdentityCommand({}))).resolves.toMatchObject({
      Account: '123456789012',
    });
  });

  it('makes each client once', async () => {
    aws = await startScriptedAws({});
    const clients = aws.clients();

    expect(clients.cloudFormation).toBe(clients.cloudFormation);
    expect([clients.elb, clients.elbv2, clients.cloudWatch].every(Boolean)).toBe(true);
  });

  it('asks Route 53 at the pace of its bucket', async () => {
    const clock = new SteppingClock();
    aws = await startScriptedAws({ ListHostedZones: () => ({ HostedZones: '', IsTruncated: false, MaxItems: 100 }) });
    const clients = aws.clients({ dnsLimit: new TokenBucket({ perSecond: 4, burst: 2, clock }) });

    for (let at = 0; at < 6; at += 1) await listZones({ clients }, signal);

    expect(clock.sleeps).toEqual([250, 250, 250, 250]);
  });
});

describe('TokenBucket', () => {
  it('fills again while nobody asks, up to its burst', async () => {
    aws = await startScriptedAws({});
    const clock = new SteppingClock();
    const bucket = new TokenBucket({ perSecond: 1, burst: 2, clock });
    await bucket.take(signal);
    await bucket.take(signal);

    await clock.sleep(10_000, signal);
    await bucket.take(signal);
    await bucket.take(signal);
    await bucket.take(signal);

    expect(clock.sleeps).toEqual([10_000, 1000]);
  });
});
