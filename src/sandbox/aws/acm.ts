import type { Certificate, CertificateMail, DomainValidation } from '../model/certificates.ts';
import { AwsRefusal, type Acm, type World } from '../world.ts';
import { checkedNames, checkValidationDomain, defaultValidationDomain, mailboxesOf } from './acm-names.ts';
import { createAuthority, type Authority } from './authority.ts';
import { DnsValidation } from './acm-dns-validation.ts';
import { mayAmazonIssue, takesMail } from './public-view.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** How long a token names the same request, and a request waits for its validation (ACM API reference). */
const TOKEN_MS = HOUR_MS;
const VALIDATION_LIMIT_MS = 72 * HOUR_MS;
/** DescribeCertificate has no ResourceRecord at first ("a few seconds", ACM docs); a doomed request fails as fast. */
const FIRST_ANSWER_MS = 5_000;
/** 395 days; 198 since 18 Feb 2026 (CA/Browser Forum ballot SC-081). */
const SHORT_LIFE_SINCE = Date.UTC(2026, 1, 18);
const LIFE_DAYS = 395;
const SHORT_LIFE_DAYS = 198;
const NO_CONTACTS = 'NO_AVAILABLE_CONTACTS';

type CertificateRequest = Parameters<Acm['request']>[0];

/** ACM's store: requests, their mails and validation records, and the certificates that come of them. */
export function createAcm(world: World): Acm {
  return new AcmStore(world);
}

class AcmStore implements Acm {
  readonly certificates = new Map<string, Certificate>();
  readonly mails: CertificateMail[] = [];
  readonly failures = new Map<string, string>();
  readonly #world: World;
  readonly #authority: Authority = createAuthority();
  readonly #dnsValidation: DnsValidation;
  #mailsSent = 0;

  constructor(world: World) {
    this.#world = world;
    this.#dnsValidation = new DnsValidation(world, (certificate, validation) => this.#succeed(certificate, validation));
  }

  get caPem(): string {
    return this.#authority.caPem;
  }

  request(spec: CertificateRequest): Certificate {
    const names = checkedNames(spec.domainName, spec.names);
    const known = this.#knownByToken(spec.idempotencyToken, names);
    if (known !== undefined) return known;
    const certificate = this.#create(names, spec);
    this.certificates.set(certificate.arn, certificate);

    const { clock, random } = this.#world;
    const failure = names.map((name) => this.failures.get(name)).find((reason) => reason !== undefined);
    if (spec.method === 'EMAIL' && failure !== NO_CONTACTS) {
      for (const validation of certificate.validations) this.#send(certificate, validation);
    }
    clock.after(VALIDATION_LIMIT_MS, () => this.#end(certificate, 'VALIDATION_TIMED_OUT', undefined));
    if (failure !== undefined && failure !== 'CAA_ERROR') {
      clock.after(random.around(FIRST_ANSWER_MS), () => this.#end(certificate, 'FAILED', failure));
    } else if (spec.method === 'DNS') {
      clock.after(random.around(FIRST_ANSWER_MS), () => this.#dnsValidation.begin(certificate));
    }
    return certificate;
  }

  issueNow(names: readonly string[], tags?: ReadonlyMap<string, string>): Certificate {
    const checked = checkedNames(names[0] ?? '', names);
    const certificate = this.#create(checked, {
      domainName: checked[0] ?? '',
      names,
      method: 'EMAIL',
      ...(tags && { tags }),
    });
    for (const validation of certificate.validations) validation.status = 'SUCCESS';
    this.certificates.set(certificate.arn, certificate);
    this.#issue(certificate);
    return certificate;
  }

  approve(mailId: string): void {
    const { mail, certificate, validation } = this.#mail(mailId);
    mail.approvedAt ??= this.#world.clock.now();
    this.#succeed(certificate, validation);
  }

  deny(mailId: string): void {
    const { certificate, validation } = this.#mail(mailId);
    if (certificate.status !== 'PENDING_VALIDATION') {
      throw new AwsRefusal('InvalidStateException', `the request behind mail ${mailId} is ${certificate.status}`);
    }
    validation.status = 'FAILED';
    this.#end(certificate, 'FAILED', 'DOMAIN_VALIDATION_DENIED');
  }

  resend(arn: string, domain: string, validationDomain: string): void {
    const certificate = this.#find(arn);
    const validation = certificate.validations.find((candidate) => candidate.domain === domain.toLowerCase());
    if (validation === undefined) {
      throw new AwsRefusal(
        'InvalidDomainValidationOptionsException',
        `${domain} is not a domain of certificate ${arn}`,
      );
    }
    checkValidationDomain(validation.domain, validationDomain);
    if (certificate.status !== 'PENDING_VALIDATION' || validation.status !== 'PENDING_VALIDATION') {
      throw new AwsRefusal('InvalidStateException', `Certificate ${arn} is not pending validation`);
    }
    if (validation.method !== 'EMAIL') {
      throw new AwsRefusal('InvalidStateException', `Certificate ${arn} is not validated by email`);
    }
    this.#send(certificate, validation, validationDomain);
  }

  delete(arn: string): void {
    this.#find(arn);
    if (this.usedBy(arn).length > 0) {
      throw new AwsRefusal(
        'ResourceInUseException',
        `Certificate ${arn} in account ${this.#world.settings.accountId} is in use.`,
      );
    }
    this.certificates.delete(arn);
  }

  usedBy(arn: string): readonly string[] {
    const { balancing, settings } = this.#world;
    const application = [...balancing.loadBalancers.values()].filter(({ listeners }) =>
      [...listeners.values()].some(
        ({ defaultCertificateArn, certificateArns }) => defaultCertificateArn === arn || certificateArns.has(arn),
      ),
    );
    const classic = [...balancing.classic.values()].filter(({ listeners }) =>
      listeners.some(({ certificateArn }) => certificateArn === arn),
    );
    const prefix = `arn:aws:elasticloadbalancing:${settings.region}:${settings.accountId}:loadbalancer`;
    return [...application.map((balancer) => balancer.arn), ...classic.map(({ name }) => `${prefix}/${name}`)];
  }

  #create(names: readonly string[], spec: CertificateRequest): Certificate {
    const { settings, clock, random } = this.#world;
    return {
      arn: `arn:aws:acm:${settings.region}:${settings.accountId}:certificate/${random.uuid()}`,
      domainName: names[0] ?? '',
      names,
      keyAlgorithm: spec.keyAlgorithm ?? 'RSA_2048',
      type: 'AMAZON_ISSUED',
      status: 'PENDING_VALIDATION',
      failureReason: undefined,
      createdAt: clock.now(),
      issuedAt: undefined,
      notAfter: undefined,
      validations: names.map((name) => this.#validation(name, spec)),
      idempotencyToken: spec.idempotencyToken,
      tags: new Map(spec.tags),
      pem: undefined,
    };
  }

  #validation(domain: string, { method, validationDomains }: CertificateRequest): DomainValidation {
    const wanted = validationDomains?.get(domain);
    if (wanted !== undefined) checkValidationDomain(domain, wanted);
    const validationDomain = wanted ?? defaultValidationDomain(domain);
    const reachable = method === 'EMAIL' && this.failures.get(domain) !== NO_CONTACTS;
    return {
      domain,
      validationDomain: method === 'EMAIL' ? validationDomain : domain,
      emails: reachable ? mailboxesOf(validationDomain) : [],
      method,
      status: 'PENDING_VALIDATION',
      resourceRecord: undefined,
    };
  }

  #knownByToken(token: string | undefined, names: readonly string[]): Certificate | undefined {
    if (token === undefined) return undefined;
    const since = this.#world.clock.now() - TOKEN_MS;
    return [...this.certificates.values()].find(
      (certificate) =>
        certificate.idempotencyToken === token &&
        certificate.createdAt > since &&
        certificate.names.join() === names.join(),
    );
  }

  /** A mail to a domain without MX is lost, and nothing says so. */
  #send(certificate: Certificate, { domain, validationDomain }: DomainValidation, to = validationDomain): void {
    if (!takesMail(this.#world, to)) return;
    this.#mailsSent += 1;
    this.mails.push({
      id: `mail-${String(this.#mailsSent)}`,
      certificateArn: certificate.arn,
      domain,
      to: mailboxesOf(to),
      sentAt: this.#world.clock.now(),
      approvedAt: undefined,
    });
  }

  #mail(id: string): { mail: CertificateMail; certificate: Certificate; validation: DomainValidation } {
    const mail = this.mails.find((candidate) => candidate.id === id);
    if (mail === undefined) throw new AwsRefusal('ResourceNotFoundException', `no certificate mail ${id}`);
    const certificate = this.certificates.get(mail.certificateArn);
    const validation = certificate?.validations.find(({ domain }) => domain === mail.domain);
    if (certificate?.status === undefined || validation === undefined) {
      throw new AwsRefusal(
        'ResourceNotFoundException',
        `the request behind mail ${id} for ${mail.domain} is gone: its link leads nowhere`,
      );
    }
    if (certificate.status !== 'PENDING_VALIDATION' && mail.approvedAt === undefined) {
      throw new AwsRefusal('InvalidStateException', `the request behind mail ${id} is ${certificate.status}`);
    }
    return { mail, certificate, validation };
  }

  #find(arn: string): Certificate {
    const certificate = this.certificates.get(arn);
    if (certificate === undefined) {
      throw new AwsRefusal('ResourceNotFoundException', `Could not find certificate ${arn}.`);
    }
    return certificate;
  }

  #succeed(certificate: Certificate, validation: DomainValidation): void {
    if (certificate.status !== 'PENDING_VALIDATION' || !this.certificates.has(certificate.arn)) return;
    validation.status = 'SUCCESS';
    if (!certificate.validations.every(({ status }) => status === 'SUCCESS')) return;
    const isRefused = certificate.names.some(
      (name) => this.failures.get(name) === 'CAA_ERROR' || !mayAmazonIssue(this.#world, name),
    );
    // The domains stay SUCCESS while the request is FAILED (ACM docs, "CAA issues").
    if (isRefused) this.#end(certificate, 'FAILED', 'CAA_ERROR');
    else this.#issue(certificate);
  }

  #issue(certificate: Certificate): void {
    const now = this.#world.clock.now();
    const days = now >= SHORT_LIFE_SINCE ? SHORT_LIFE_DAYS : LIFE_DAYS;
    certificate.pem = this.#authority.issue(certificate.names);
    certificate.issuedAt = now;
    certificate.notAfter = now + days * DAY_MS;
    certificate.status = 'ISSUED';
  }

  #end(certificate: Certificate, status: 'FAILED' | 'VALIDATION_TIMED_OUT', reason: string | undefined): void {
    if (certificate.status !== 'PENDING_VALIDATION') return;
    certificate.status = status;
    certificate.failureReason = reason;
    if (reason === 'CAA_ERROR') return;
    for (const validation of certificate.validations) {
      if (validation.status === 'PENDING_VALIDATION') validation.status = 'FAILED';
    }
  }
}
