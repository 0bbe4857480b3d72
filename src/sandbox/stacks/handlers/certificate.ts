import { isDeepStrictEqual } from 'node:util';

import { AwsRefusal } from '../../world.ts';
import type { HandlerContext, ResourceHandler } from '../resource-handler.ts';
import type { CertificateProperties } from '../resource-properties.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** CloudFormation gives up long before ACM's 72 h (aws-cloudformation/cloudformation-coverage-roadmap#130). */
const VALIDATION_LIMIT_MS = 12 * HOUR;
/** How long a deletion is repeated while the certificate is still in use: ACM notices the release late. */
const RELEASE_LIMIT_MS = 5 * MINUTE;

export const certificateHandler: ResourceHandler<CertificateProperties> = {
  create: (properties, context) =>
    properties.isApprovedByConvox === true ? issueByRobot(properties, context) : issueByMail(properties, context),
  // Every property of a certificate requires a replacement (AWS docs, AWS::CertificateManager::Certificate).
  update: () => Promise.resolve(),
  mustReplace: (next, previous) => !isDeepStrictEqual(next, previous),
  async remove(arn, _properties, { world, takes, until }) {
    await takes(world.settings.durations.resourceMs);
    if (!world.acm.certificates.has(arn)) return;
    await until(() => world.acm.usedBy(arn).length === 0, {
      everyMs: 10_000,
      limitMs: RELEASE_LIMIT_MS,
      limitReason: `Certificate ${arn} in account ${world.settings.accountId} is in use.`,
    });
    world.acm.delete(arn);
  },
};

async function issueByRobot({ names }: CertificateProperties, context: HandlerContext): Promise<string> {
  await context.takes(MINUTE);
  const { arn } = context.world.acm.issueNow(names, context.tags());
  context.initiated(arn);
  return arn;
}

async function issueByMail(properties: CertificateProperties, context: HandlerContext): Promise<string> {
  const { acm } = context.world;
  if (properties.domainName.length > 64) {
    throw new AwsRefusal('ValidationException', 'The first domain name can be no longer than 64 octets');
  }
  const certificate = acm.request({
    domainName: properties.domainName,
    names: properties.names,
    method: 'EMAIL',
    validationDomains: properties.validationDomains,
    tags: context.tags(),
  });
  context.initiated(certificate.arn);
  await context.until(
    () => {
      if (certificate.status === 'PENDING_VALIDATION') return false;
      if (certificate.status === 'ISSUED') return true;
      throw new Error(
        certificate.status === 'FAILED'
          ? `The certificate request failed: ${certificate.failureReason ?? 'OTHER'}`
          : `The certificate is ${certificate.status}`,
      );
    },
    { everyMs: 5_000, limitMs: VALIDATION_LIMIT_MS, limitReason: 'Exceeded attempts to wait' },
  );
  return certificate.arn;
}
