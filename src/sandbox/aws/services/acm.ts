import * as z from 'zod';
import type { Certificate, DomainValidation } from '../../model/certificates.ts';
import { AwsRefusal } from '../../world.ts';
import type { Account } from '../account.ts';
import { jsonOperation, jsonService } from '../wire/json.ts';
import { pageOf } from '../wire/pages.ts';

/** ACM API reference: ListCertificates answers at most 1000, and RSA certificates of these sizes unless asked. */
const MAX_PAGE = 1000;
const DEFAULT_KEY_TYPES: readonly string[] = ['RSA_1024', 'RSA_2048'];
const MAX_TAGS = 50;

/** How ACM names refusals that the query services name otherwise. */
const CODES: Readonly<Record<string, string>> = {
  AccessDenied: 'AccessDeniedException',
  Throttling: 'ThrottlingException',
  ValidationError: 'ValidationException',
  InvalidClientTokenId: 'UnrecognizedClientException',
  SignatureDoesNotMatch: 'InvalidSignatureException',
  ExpiredToken: 'ExpiredTokenException',
  MissingAuthenticationToken: 'MissingAuthenticationTokenException',
  IncompleteSignature: 'IncompleteSignatureException',
};

const tagSchema = z.object({ Key: z.string(), Value: z.string().default('') });
const keyAlgorithm = z.enum(['RSA_2048', 'RSA_1024', 'EC_prime256v1']);
const byArn = z.object({ CertificateArn: z.string() });

export const acmService = jsonService({
  id: 'acm',
  iamPrefix: 'acm',
  target: 'CertificateManager',
  version: '1.1',
  codeOf: (code) => CODES[code] ?? code,
  invalidCode: 'ValidationException',
  hasQueryErrors: false,
  operations: {
    ListCertificates: jsonOperation(
      z.object({
        CertificateStatuses: z.array(z.string()).optional(),
        Includes: z.object({ keyTypes: z.array(z.string()).optional() }).optional(),
        NextToken: z.string().optional(),
        MaxItems: z.number().int().min(1).max(MAX_PAGE).optional(),
      }),
      listCertificates,
    ),
    DescribeCertificate: jsonOperation(byArn, ({ CertificateArn }, account) => ({
      Certificate: writeDetail(certificateOf(CertificateArn, account), account),
    })),
    GetCertificate: jsonOperation(byArn, getCertificate),
    ListTagsForCertificate: jsonOperation(byArn, ({ CertificateArn }, account) => ({
      Tags: [...certificateOf(CertificateArn, account).tags].map(([Key, Value]) => ({ Key, Value })),
    })),
    RequestCertificate: jsonOperation(
      z.object({
        DomainName: z.string(),
        SubjectAlternativeNames: z.array(z.string()).default([]),
        ValidationMethod: z.enum(['EMAIL', 'DNS']).default('EMAIL'),
        IdempotencyToken: z.string().max(32).regex(/^\w+$/).optional(),
        DomainValidationOptions: z
          .array(z.object({ DomainName: z.string(), ValidationDomain: z.string() }))
          .default([]),
        KeyAlgorithm: keyAlgorithm.default('RSA_2048'),
        Tags: z.array(tagSchema).default([]),
      }),
      requestCertificate,
    ),
    AddTagsToCertificate: jsonOperation(
      z.object({ CertificateArn: z.string(), Tags: z.array(tagSchema).min(1) }),
      ({ CertificateArn, Tags }, account) => {
        const { tags } = certificateOf(CertificateArn, account);
        const together = new Map([...tags, ...checkedTags(Tags)]);
        checkTagCount(together);
        for (const [key, value] of together) tags.set(key, value);
        return {};
      },
    ),
    ResendValidationEmail: jsonOperation(
      z.object({ CertificateArn: z.string(), Domain: z.string(), ValidationDomain: z.string() }),
      ({ CertificateArn, Domain, ValidationDomain }, account) => {
        certificateOf(CertificateArn, account);
        account.world.acm.resend(CertificateArn, Domain, ValidationDomain);
        return {};
      },
    ),
    DeleteCertificate: jsonOperation(byArn, ({ CertificateArn }, account) => {
      certificateOf(CertificateArn, account);
      account.world.acm.delete(CertificateArn);
      return {};
    }),
  },
});

interface ListInput {
  readonly CertificateStatuses?: readonly string[] | undefined;
  readonly Includes?: { readonly keyTypes?: readonly string[] | undefined } | undefined;
  readonly NextToken?: string | undefined;
  readonly MaxItems?: number | undefined;
}

function listCertificates(input: ListInput, account: Account): object {
  const keyTypes = input.Includes?.keyTypes ?? DEFAULT_KEY_TYPES;
  const statuses = input.CertificateStatuses ?? [];
  const found = account.certificates.filter(
    (certificate) =>
      keyTypes.includes(certificate.keyAlgorithm) && (statuses.length === 0 || statuses.includes(certificate.status)),
  );
  const page = pageOf(found, {
    size: input.MaxItems ?? MAX_PAGE,
    token: input.NextToken,
    keyOf: ({ arn }) => arn,
    invalidCode: 'ValidationException',
  });
  return {
    CertificateSummaryList: page.items.map((certificate) => writeSummary(certificate, account)),
    NextToken: page.next,
  };
}

interface RequestInput {
  readonly DomainName: string;
  readonly SubjectAlternativeNames: readonly string[];
  readonly ValidationMethod: 'EMAIL' | 'DNS';
  readonly IdempotencyToken?: string | undefined;
  readonly DomainValidationOptions: readonly { readonly DomainName: string; readonly ValidationDomain: string }[];
  readonly KeyAlgorithm: Certificate['keyAlgorithm'];
  readonly Tags: readonly { readonly Key: string; readonly Value: string }[];
}

function requestCertificate(input: RequestInput, account: Account): object {
  account.requireHome('request a certificate');
  const tags = checkedTags(input.Tags);
  checkTagCount(tags);
  const { arn } = account.world.acm.request({
    domainName: input.DomainName,
    names: input.SubjectAlternativeNames,
    method: input.ValidationMethod,
    validationDomains: new Map(
      input.DomainValidationOptions.map(({ DomainName, ValidationDomain }) => [DomainName, ValidationDomain]),
    ),
    keyAlgorithm: input.KeyAlgorithm,
    tags,
    ...(input.IdempotencyToken === undefined ? {} : { idempotencyToken: input.IdempotencyToken }),
  });
  return { CertificateArn: arn };
}

function getCertificate({ CertificateArn }: z.infer<typeof byArn>, account: Account): object {
  const { pem, status } = certificateOf(CertificateArn, account);
  if (pem === undefined) {
    throw new AwsRefusal('RequestInProgressException', `Certificate ${CertificateArn} is ${status}`);
  }
  const end = '-----END CERTIFICATE-----\n';
  const [own = '', ...chain] = pem.chain.split(end).filter((part) => part !== '');
  return { Certificate: own + end, CertificateChain: chain.map((part) => part + end).join('') };
}

function certificateOf(arn: string, account: Account): Certificate {
  if (!arn.startsWith('arn:aws:acm:')) throw new AwsRefusal('InvalidArnException', `Invalid arn ${arn}`);
  const certificate = account.certificates.find((candidate) => candidate.arn === arn);
  if (certificate === undefined) {
    throw new AwsRefusal('ResourceNotFoundException', `Could not find certificate ${arn}.`);
  }
  return certificate;
}

function checkedTags(tags: RequestInput['Tags']): ReadonlyMap<string, string> {
  const reserved = tags.find(({ Key }) => Key.toLowerCase().startsWith('aws:'));
  if (reserved !== undefined) {
    throw new AwsRefusal('InvalidTagException', `Tag key ${reserved.Key} must not begin with aws:`);
  }
  return new Map(tags.map(({ Key, Value }) => [Key, Value]));
}

function checkTagCount({ size }: ReadonlyMap<string, string>): void {
  if (size > MAX_TAGS) {
    throw new AwsRefusal('TooManyTagsException', `A certificate can have at most ${String(MAX_TAGS)} tags`);
  }
}

/** Times in seconds, as JSON 1.1 has them. */
function seconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / 1000;
}

function writeSummary(certificate: Certificate, { world }: Account): object {
  return {
    CertificateArn: certificate.arn,
    DomainName: certificate.domainName,
    SubjectAlternativeNameSummaries: certificate.names,
    HasAdditionalSubjectAlternativeNames: false,
    Status: certificate.status,
    Type: certificate.type,
    KeyAlgorithm: certificate.keyAlgorithm,
    InUse: world.acm.usedBy(certificate.arn).length > 0,
    RenewalEligibility: 'INELIGIBLE',
    NotAfter: seconds(certificate.notAfter),
    CreatedAt: seconds(certificate.createdAt),
    IssuedAt: seconds(certificate.issuedAt),
  };
}

function writeDetail(certificate: Certificate, { world }: Account): object {
  return {
    CertificateArn: certificate.arn,
    DomainName: certificate.domainName,
    SubjectAlternativeNames: certificate.names,
    DomainValidationOptions: certificate.validations.map(writeValidation),
    Subject: `CN=${certificate.domainName}`,
    Issuer: certificate.status === 'ISSUED' ? 'Amazon' : undefined,
    CreatedAt: seconds(certificate.createdAt),
    IssuedAt: seconds(certificate.issuedAt),
    Status: certificate.status,
    NotBefore: seconds(certificate.issuedAt),
    NotAfter: seconds(certificate.notAfter),
    KeyAlgorithm: certificate.keyAlgorithm,
    SignatureAlgorithm: 'SHA256WITHRSA',
    InUseBy: world.acm.usedBy(certificate.arn),
    FailureReason: certificate.failureReason,
    Type: certificate.type,
    RenewalEligibility: 'INELIGIBLE',
    Options: { CertificateTransparencyLoggingPreference: 'ENABLED' },
  };
}

function writeValidation(validation: DomainValidation): object {
  const record = validation.resourceRecord;
  return {
    DomainName: validation.domain,
    ValidationDomain: validation.validationDomain,
    ValidationMethod: validation.method,
    ValidationStatus: validation.status,
    ValidationEmails: validation.method === 'EMAIL' ? validation.emails : undefined,
    ResourceRecord: record === undefined ? undefined : { Name: record.name, Type: record.type, Value: record.value },
  };
}
