import { createSecureContext, type SecureContext } from 'node:tls';
import type { Certificate } from '../../model/certificates.ts';
import type { World } from '../../world.ts';

/** Which certificate a listener shows. */
export interface CertificateChoice {
  readonly defaultArn: string | undefined;
  readonly others: Iterable<string>;
}

/**
 * Chooses certificates by SNI and keeps their TLS contexts. An exact name wins over a wildcard, the listener's default
 * certificate answers when none fits (Elastic Load Balancing, "SSL certificates for your Application Load Balancer").
 */
export class ServerCertificates {
  readonly #world: World;
  readonly #contexts = new Map<string, { readonly pem: object; readonly context: SecureContext }>();

  constructor(world: World) {
    this.#world = world;
  }

  choose(choice: CertificateChoice, serverName: string): SecureContext | undefined {
    const name = serverName.toLowerCase();
    const arns = [...(choice.defaultArn === undefined ? [] : [choice.defaultArn]), ...choice.others];
    const exact = arns.find((arn) => this.#names(arn).includes(name));
    if (exact !== undefined) return this.context(exact);
    const wildcard = `*.${name.slice(name.indexOf('.') + 1)}`;
    const wild = arns.find((arn) => this.#names(arn).includes(wildcard));
    return this.context(wild ?? choice.defaultArn);
  }

  context(arn: string | undefined): SecureContext | undefined {
    if (arn === undefined) return undefined;
    const pem = this.pem(arn);
    if (pem === undefined) return undefined;
    const kept = this.#contexts.get(arn);
    if (kept?.pem === pem) return kept.context;
    const context = createSecureContext({ key: pem.key, cert: pem.chain });
    this.#contexts.set(arn, { pem, context });
    return context;
  }

  pem(arn: string | undefined): { readonly key: string; readonly chain: string } | undefined {
    return arn === undefined ? undefined : this.#find(arn)?.pem;
  }

  #names(arn: string): readonly string[] {
    const certificate = this.#find(arn);
    return certificate?.pem === undefined ? [] : certificate.names.map((name) => name.toLowerCase());
  }

  #find(arn: string): Certificate | undefined {
    return this.#world.acm.certificates.get(arn) ?? this.#world.serverCertificates?.get(arn);
  }
}
