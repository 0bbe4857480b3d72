import type { Certificate, DomainValidation } from '../model/certificates.ts';
import type { World } from '../world.ts';
import { validationRecord } from './acm-names.ts';
import { publicRecords } from './public-view.ts';

/**
 * Looks for the CNAMEs of pending certificates each time a zone's change is in sync: a record counts from the moment
 * every public name server answers it, and ACM notices `dnsValidationMs` later.
 */
export class DnsValidation {
  readonly #world: World;
  readonly #succeed: (certificate: Certificate, validation: DomainValidation) => void;
  /** Validations whose record has been seen and that succeed soon. */
  readonly #seen = new Set<DomainValidation>();
  #isWatching = false;

  constructor(world: World, succeed: (certificate: Certificate, validation: DomainValidation) => void) {
    this.#world = world;
    this.#succeed = succeed;
  }

  /** Tells the records wanted for a certificate, and waits for them. */
  begin(certificate: Certificate): void {
    for (const validation of certificate.validations) {
      validation.resourceRecord = validationRecord(this.#world.settings.accountId, validation.domain);
    }
    if (!this.#isWatching) {
      this.#isWatching = true;
      this.#world.route53.onInSync(() => {
        this.#look();
        // Timers of one millisecond fire in any order: the last server may get the change right after it is in sync.
        this.#world.clock.after(this.#world.settings.durations.zoneChangeMs, () => this.#look());
      });
    }
    this.#look();
  }

  #look(): void {
    const { acm, clock, random, settings } = this.#world;
    for (const certificate of acm.certificates.values()) {
      if (certificate.status !== 'PENDING_VALIDATION') continue;
      for (const validation of certificate.validations) {
        if (this.#seen.has(validation) || !this.#hasRecord(validation)) continue;
        this.#seen.add(validation);
        clock.after(random.around(settings.durations.dnsValidationMs), () => {
          this.#seen.delete(validation);
          if (this.#hasRecord(validation)) this.#succeed(certificate, validation);
        });
      }
    }
  }

  #hasRecord({ status, resourceRecord }: DomainValidation): boolean {
    if (status !== 'PENDING_VALIDATION' || resourceRecord === undefined) return false;
    return publicRecords(this.#world, resourceRecord.name, 'CNAME').some(({ values = [] }) =>
      values.some((value) => value.toLowerCase().replace(/\.?$/, '.') === resourceRecord.value),
    );
  }
}
