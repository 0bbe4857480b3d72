/** What is asked and told about an app that is not there yet, and the balancers it would share. */
import type { BalancerRole, CertificateForecast, SharedBalancer } from './aws-port.ts';
import type { RackFacts } from './rack-port.ts';

/** A generation 2 app, as far as it would show on the rack's balancers. */
export interface FutureApp {
  readonly rack: RackFacts;
  /** The version whose templates will make the rules. */
  readonly rackVersion: string;
  /** Names it may get. */
  readonly names: readonly string[];
  /** The app it stands beside for a while, with the same services. */
  readonly besides: string;
  readonly services: readonly {
    readonly name: string;
    readonly domains: readonly string[];
    readonly role: BalancerRole;
    readonly hasPort: boolean;
  }[];
  readonly certificates: readonly CertificateForecast[];
  /** False with RedirectHttps=No: rules on port 80 too. */
  readonly redirectsHttp: boolean;
  readonly balancers: Readonly<Partial<Record<BalancerRole, SharedBalancer>>>;
}

export interface BalancerRoom {
  /** For each name why it would clash on the listeners (rule numbers, host names); none = it fits. */
  readonly clashes: Readonly<Record<string, readonly string[]>>;
  /** What the balancers cannot hold while two apps with these services stand side by side; none = they fit. */
  readonly shortages: readonly BalancerShortage[];
}

/** A quota of AWS that would be passed. */
export interface BalancerShortage {
  readonly role: BalancerRole;
  /** As AWS calls what there are too many of: `rules`, `certificates`, `target groups`. */
  readonly what: string;
  readonly limit: number;
  readonly present: number;
  readonly needed: number;
}
