import { createHash } from 'node:crypto';
import { AwsRefusal } from '../world.ts';

/** AWS Certificate Manager User Guide, "Quotas" and "Public certificates". */
const MAX_NAMES = 10;
const MAX_COMMON_NAME_LENGTH = 64;
const MAX_NAME_LENGTH = 253;
/** The API model's pattern of a domain name. */
const DOMAIN = /^(\*\.)?(((?!-)[A-Za-z0-9-]{0,62}[A-Za-z0-9])\.)+((?!-)[A-Za-z0-9-]{1,62}[A-Za-z0-9])$/;
/** Since June 2024 these five and nobody else (AWS Security Blog on WHOIS contacts). */
const MAILBOXES = ['admin', 'administrator', 'hostmaster', 'postmaster', 'webmaster'] as const;

/** The request's names in ACM's order: the domain name first, each once, lower case. */
export function checkedNames(domainName: string, names: readonly string[]): readonly string[] {
  const all = [...new Set([domainName, ...names].map((name) => name.toLowerCase()))];
  for (const [index, name] of all.entries()) checkName(name, index === 0 ? 'domainName' : 'subjectAlternativeNames');
  if (all.length > MAX_NAMES) {
    throw new AwsRefusal(
      'LimitExceededException',
      `Error: the number of domain names (${String(all.length)}) is over the limit of ${String(MAX_NAMES)}`,
    );
  }
  if ((all[0] ?? '').length > MAX_COMMON_NAME_LENGTH) {
    throw new AwsRefusal('InvalidParameterException', 'The first domain name must be no longer than 64 characters');
  }
  return all;
}

function checkName(name: string, field: string): void {
  if (DOMAIN.test(name) && name.length <= MAX_NAME_LENGTH) return;
  throw new AwsRefusal(
    'ValidationException',
    `1 validation error detected: Value '${name}' at '${field}' failed to satisfy constraint: ` +
      `Member must satisfy regular expression pattern: ${DOMAIN.source}`,
  );
}

/** The domain mails go to when none is asked for: without a leading `www.` or `*.` (ACM docs, "Email validation"). */
export function defaultValidationDomain(domain: string): string {
  return domain.replace(/^(\*|www)\./, '');
}

/** Throws unless `validationDomain` is the domain or a parent of it. */
export function checkValidationDomain(domain: string, validationDomain: string): void {
  const base = withoutWildcard(domain);
  if (base === validationDomain || base.endsWith(`.${validationDomain}`)) return;
  throw new AwsRefusal(
    'InvalidDomainValidationOptionsException',
    `The validation domain ${validationDomain} is not ${domain} or a superdomain of it`,
  );
}

export function mailboxesOf(validationDomain: string): readonly string[] {
  return MAILBOXES.map((box) => `${box}@${validationDomain}`);
}

function withoutWildcard(domain: string): string {
  return domain.replace(/^\*\./, '');
}

/** The CNAME ACM wants for a domain: the same for every request of one account, shared by `x` and `*.x` (ACM docs). */
export function validationRecord(
  accountId: string,
  domain: string,
): { readonly name: string; readonly type: 'CNAME'; readonly value: string } {
  const base = withoutWildcard(domain);
  const digest = (purpose: string): string =>
    createHash('sha256').update(`${purpose}:${accountId}:${base}`).digest('hex').slice(0, 32);
  return {
    name: `_${digest('name')}.${base}.`,
    type: 'CNAME',
    value: `_${digest('value')}.jkddzztszm.acm-validations.aws.`,
  };
}
