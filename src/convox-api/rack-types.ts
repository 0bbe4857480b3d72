/** Name → value. */
export type TextMap = Readonly<Record<string, string>>;

/** A rack, as `GET /system` shows it. */
export interface RackSystem {
  readonly name: string;
  /** `YYYYMMDDhhmmss`, or `dev`. Changes at the *start* of an update, so trust it only while `status` is settled. */
  readonly version: string;
  /**
   * `running`, `updating`, `rollback`, `converging` (settled, but an instance or service is not yet there), `failed`,
   * … `running` also follows a rolled-back update (provider/aws/helpers.go `humanStatus`).
   */
  readonly status: string;
  readonly region: string;
  /** DNS name of the public balancer; empty with `InternalOnly=Yes`. */
  readonly domain: string;
  /** Instances. */
  readonly count: number;
  /** Instance type. */
  readonly type: string;
  /** Parameters of the rack's stack; already the new ones while an update runs. */
  readonly parameters: TextMap;
  /** Outputs of the rack's stack; the old ones until an update ends. */
  readonly outputs: TextMap;
  /** `aws`; absent before 20180504181741. */
  readonly provider?: string | undefined;
}

export type AppGeneration = '1' | '2';

export interface RackApp {
  readonly name: string;
  /**
   * `creating`, `running`, `updating`, `rollback`, `failed`, `deleting`, `unknown`. `running` does not mean that the
   * last change worked: it also follows a rolled-back update and a failed deletion.
   */
  readonly status: string;
  /** Active release; empty before the first promotion. Generation 2 shows the old one until the update is complete. */
  readonly release: string;
  readonly generation: AppGeneration;
  /** Termination protection of the stack; false before 20181019133036, which has none. */
  readonly locked: boolean;
  /** Only from standard racks; `apps.parameters()` works with both. */
  readonly parameters: TextMap | undefined;
}

export interface RackBuild {
  readonly id: string;
  readonly app: string;
  /** `created`, `running`, `complete`, `failed`. */
  readonly status: string;
  /** The release it made; empty until complete. */
  readonly release: string;
  /** Why it failed: classic racks only. On standard ones the log ends with it (`builds.failureReason`). */
  readonly reason: string;
  readonly description: string;
  readonly manifest: string;
  readonly started: Date | undefined;
  readonly ended: Date | undefined;
}

export interface RackRelease {
  readonly id: string;
  readonly app: string;
  /** The build it runs; empty for a release made by setting the environment of a new app. */
  readonly build: string;
  readonly manifest: string;
  /** Empty before 20181006001642. */
  readonly description: string;
  readonly created: Date | undefined;
  /** Only in the answer to `releases.get`; lists leave it out. */
  readonly env: ReadonlyMap<string, string> | undefined;
}

export interface RackServicePort {
  /** Port of the balancer. */
  readonly balancer: number;
  /** Port of the container; classic racks do not tell. */
  readonly container: number | undefined;
  /** Id of the certificate on it; classic racks tell it through `ssl.list`. */
  readonly certificate: string | undefined;
}

/** A service, in one shape for both eras. */
export interface RackService {
  readonly name: string;
  /**
   * Host name of its balancer, empty without one: generation 1 the ELB's DNS name, generation 2 `APP-SERVICE.` under
   * `convox.site`. Custom domains are never reported.
   */
  readonly domain: string;
  readonly count: number;
  readonly cpu: number;
  /** MB. */
  readonly memory: number;
  readonly ports: readonly RackServicePort[];
}

export interface RackProcess {
  readonly id: string;
  readonly app: string;
  /** The service. */
  readonly name: string;
  readonly release: string;
  readonly command: string;
  readonly host: string;
  readonly image: string;
  readonly instance: string;
  readonly ports: readonly string[];
  readonly cpu: number;
  readonly memory: number;
  readonly started: Date | undefined;
  /** ECS task status in lower case; absent on classic racks. */
  readonly status?: string | undefined;
}

export interface RackCertificate {
  /** Name of the IAM server certificate, or `acm-` and the last 12 characters of the ARN. */
  readonly id: string;
  readonly domain: string;
  /** All names, from 20180518143010; empty before and for IAM certificates. */
  readonly domains: readonly string[];
  /** Absent while validation is pending. */
  readonly expiration: Date | undefined;
}

/** A certificate on a port of a service. */
export interface RackSslBinding {
  readonly service: string;
  readonly port: number;
  readonly certificate: string;
  readonly domain: string;
  readonly expiration: Date | undefined;
}

export interface RackInstance {
  readonly id: string;
  /** `active`, `draining`, … or empty. */
  readonly status: string;
  readonly agent: boolean;
  /** Share in use, 0 to 1. */
  readonly cpu: number;
  /** Share in use, 0 to 1. */
  readonly memory: number;
  readonly processes: number;
  readonly privateIp: string;
  readonly publicIp: string;
  readonly started: Date | undefined;
}

/** A private image registry; its password is never read. */
export interface RackRegistry {
  readonly server: string;
  readonly username: string;
}

export interface RackResource {
  readonly name: string;
  readonly status: string;
  /** `syslog`, `postgres`, … */
  readonly type: string;
  /** May hold credentials. */
  readonly url: string | undefined;
  readonly parameters: TextMap;
  /** Apps linked to it; filled by `resources.get`, not by the list of a classic rack. */
  readonly linkedApps: readonly string[];
}

/** CPU in units of 1/1024 core, memory in MB. */
export interface RackCapacity {
  readonly clusterCpu: number;
  readonly clusterMemory: number;
  readonly instanceCpu: number;
  readonly instanceMemory: number;
  readonly processCount: number;
  readonly processCpu: number;
  readonly processMemory: number;
  readonly processWidth: number;
}

export interface RackMetric {
  readonly name: string;
  readonly values: readonly { readonly time: Date; readonly statistics: Readonly<Record<string, number>> }[];
}
