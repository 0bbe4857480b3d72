import type { SandboxSettings } from './settings.ts';
import type { World } from './world.ts';

/** What a running sandbox offers: addresses to reach it from outside, and its world for scripts and tests. */
export interface Sandbox {
  readonly world: World;
  readonly endpoints: SandboxEndpoints;
  /** Environment variables with which `gen2`, any AWS SDK or CLI and any HTTP client reach it. */
  readonly env: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

export interface SandboxEndpoints {
  /** `http://127.0.0.1:PORT`. */
  readonly rackUrl: string;
  readonly awsUrl: string;
  /** `127.0.0.1:PORT`, as a resolver outside the VPC sees the world. */
  readonly publicDns: string;
  /** `127.0.0.1:PORT`, as a resolver inside the VPC sees it (private zones first). */
  readonly vpcDns: string;
  /** What ports 80 and 443 of every balancer are really served on. */
  readonly ports: { readonly 80: number; readonly 443: number };
  /** Port on which the loopback addresses of name servers answer DNS. */
  readonly dnsPort: number;
  /** PEM of the authority that signs the sandbox's certificates. */
  readonly caPem: string;
}

export type SandboxOptions = Partial<SandboxSettings>;
