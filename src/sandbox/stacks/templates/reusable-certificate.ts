import type { Certificate } from '../../model/certificates.ts';
import type { World } from '../../world.ts';
import { atLeast, FEATURES } from './rack-features.ts';

/**
 * The certificate that a rack takes for a service instead of requesting one: covers all its domains, is not an app's
 * own, is RSA (others are not listed), and on later racks is issued and not expired (rack@20180518143010,
 * @20180520153159, @20190529174125 provider/aws/releases.go and certificates.go). Undefined = it requests one by mail.
 */
export function findReusableCertificate(
  world: World,
  rackVersion: string,
  domains: readonly string[],
): string | undefined {
  if (!atLeast(rackVersion, FEATURES.reusedCertificate) || domains.length === 0) return undefined;
  const fitting = [...world.acm.certificates.values()].find(
    (certificate) =>
      certificate.keyAlgorithm.startsWith('RSA_') &&
      !isOfAnApp(certificate) &&
      isUsable(certificate, rackVersion, world.clock.now()) &&
      domains.every((domain) => certificate.names.some((name) => covers(name, domain))),
  );
  return fitting?.arn;
}

function isOfAnApp({ tags }: Certificate): boolean {
  return tags.get('System') === 'convox' && tags.get('Type') === 'app';
}

function isUsable({ status, notAfter }: Certificate, rackVersion: string, now: number): boolean {
  if (atLeast(rackVersion, FEATURES.reusedOnlyIssued) && status !== 'ISSUED') return false;
  return !atLeast(rackVersion, FEATURES.reusedOnlyUnexpired) || (notAfter !== undefined && notAfter > now);
}

/** `*` stands for exactly one label. */
function covers(name: string, domain: string): boolean {
  const pattern = name.toLowerCase().split('.');
  const labels = domain.toLowerCase().split('.');
  return pattern.length === labels.length && pattern.every((part, index) => part === '*' || part === labels[index]);
}

/**
 * The domain whose mailboxes get the certificate mail: the name itself or the nearest parent, down to two labels, that
 * has an MX record; the name itself when none has (rack@20171213132441 provider/aws/template.go `apex`).
 */
export function validationDomainOf(world: World, domain: string): string {
  const labels = domain.replace(/^\*\./, '').split('.');
  for (let at = 0; at <= labels.length - 2; at += 1) {
    const name = labels.slice(at).join('.');
    if (hasMailExchanger(world, name)) return name;
  }
  return domain;
}

function hasMailExchanger({ route53 }: World, name: string): boolean {
  const wanted = `${name.toLowerCase()}.`;
  return [...route53.zones.values()].some(
    ({ id, isPrivate }) =>
      !isPrivate && route53.servedBy(id, undefined).some((record) => record.type === 'MX' && record.name === wanted),
  );
}
