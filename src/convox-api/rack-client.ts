import { MigrationError } from '../errors.ts';
import { systemClock } from '../time/clock.ts';
import { createAppOperations, type AppOperations } from './apps.ts';
import { createBuildOperations, type BuildOperations } from './builds.ts';
import { capabilitiesOf, type RackCapabilities } from './capabilities.ts';
import { createCertificateOperations, type CertificateOperations } from './certificates.ts';
import type { RackContext } from './context.ts';
import { createEnvironmentOperations, type EnvironmentOperations } from './environment.ts';
import { createInstanceOperations, type InstanceOperations } from './instances.ts';
import { createLogOperations, type LogOperations } from './logs.ts';
import { createObjectOperations, type ObjectOperations } from './objects.ts';
import {
  DEFAULT_TIMEOUT_MS,
  DEFAULT_VERSIONS_URL,
  parseRackUrl,
  type RackClientOptions,
  type RackTls,
} from './options.ts';
import { createProcessOperations, type ProcessOperations } from './processes.ts';
import { createRegistryOperations, type RegistryOperations } from './registries.ts';
import { expectSuccess } from './reply.ts';
import { createReleaseOperations, type ReleaseOperations } from './releases.ts';
import { createResourceOperations, type ResourceOperations } from './resources.ts';
import { Secrets } from './secrets.ts';
import {
  createServiceOperations,
  createSslOperations,
  type ServiceOperations,
  type SslOperations,
} from './services.ts';
import { Session } from './session.ts';
import { createSystemOperations, type SystemOperations } from './system.ts';
import { Transport } from './transport.ts';

const DEFAULT_USER = 'convox';

/**
 * A Convox rack of version 2 on AWS, over its HTTP API: whatever the convox CLI does around apps, from racks of 2017 to
 * those of 2026, in one shape for both.
 *
 * Every call takes an AbortSignal and throws only MigrationErrors: `RACK_UNREACHABLE`, `RACK_TLS`, `RACK_UNAUTHORIZED`,
 * `RACK_NOT_FOUND`, `RACK_CONFLICT`, `RACK_INVALID`, `RACK_BUSY`, `RACK_REFUSED`, `RACK_PROTOCOL`, `RACK_UNSUPPORTED`,
 * `READ_ONLY`, `STOPPED`. Nothing in them holds the password or an environment value.
 */
export class RackClient {
  readonly system: SystemOperations;
  readonly apps: AppOperations;
  readonly environment: EnvironmentOperations;
  readonly releases: ReleaseOperations;
  readonly builds: BuildOperations;
  readonly objects: ObjectOperations;
  readonly services: ServiceOperations;
  readonly processes: ProcessOperations;
  readonly certificates: CertificateOperations;
  readonly ssl: SslOperations;
  readonly resources: ResourceOperations;
  readonly registries: RegistryOperations;
  readonly instances: InstanceOperations;
  readonly logs: LogOperations;
  /** How certificates are judged; to be shown in every plan when it is `none`. */
  readonly tls: RackTls;
  readonly #context: RackContext;

  /** @throws {MigrationError} `RACK_URL_INVALID`, `RACK_PASSWORD_MISSING`. */
  constructor(options: RackClientOptions) {
    const url = parseRackUrl(options.url);
    this.tls = options.tls ?? { mode: 'verify' };
    this.#context = createContext(url, this.tls, options);
    this.apps = createAppOperations(this.#context);
    this.system = createSystemOperations(this.#context, options.versionsUrl ?? DEFAULT_VERSIONS_URL);
    this.releases = createReleaseOperations(this.#context, this.apps);
    this.environment = createEnvironmentOperations(this.#context, this.releases);
    this.objects = createObjectOperations(this.#context);
    this.builds = createBuildOperations(this.#context, this.objects);
    this.services = createServiceOperations(this.#context);
    this.processes = createProcessOperations(this.#context);
    this.certificates = createCertificateOperations(this.#context);
    this.ssl = createSslOperations(this.#context, this.services, async (signal) =>
      (await this.certificates.list(signal)).map((certificate) => certificate.id),
    );
    this.resources = createResourceOperations(this.#context);
    this.registries = createRegistryOperations(this.#context);
    this.instances = createInstanceOperations(this.#context);
    this.logs = createLogOperations(this.#context);
  }

  /** Where the API is now; it changes when the API moves in an update. */
  get url(): URL {
    return new URL(this.#context.session.url);
  }

  /** What this rack can do, by its version. While it updates, only what its old and its new version surely can. */
  async capabilities(signal: AbortSignal): Promise<RackCapabilities> {
    const { version, isSettled } = await this.#context.session.dialect(signal, 'fresh');
    return capabilitiesOf(version, isSettled);
  }

  /** Asks the rack whether it takes the password. @throws {MigrationError} `RACK_UNAUTHORIZED` */
  async login(signal: AbortSignal): Promise<void> {
    await this.#context.session.text({ operation: 'login', method: 'GET', path: '/auth' }, signal);
  }

  /** Asks whether an API answers at all; the password is not sent. */
  async check(signal: AbortSignal): Promise<void> {
    const request = { operation: 'check', method: 'GET', path: '/check', isAnonymous: true } as const;
    expectSuccess(await this.#context.session.text(request, signal));
  }

  /** Closes kept-alive connections; the client can still be used. */
  close(): void {
    this.#context.transport.close();
  }
}

function createContext(url: URL, tls: RackTls, options: RackClientOptions): RackContext {
  const { password, user = DEFAULT_USER, consoleRack, logger, findApiUrl } = options;
  if (password === '') {
    throw new MigrationError('RACK_PASSWORD_MISSING', `no password for rack ${url.host}`, {
      hint: 'Set CONVOX_PASSWORD, or name a file that holds it.',
    });
  }
  const clock = options.clock ?? systemClock;
  const credentials = Buffer.from(`${user}:${password}`).toString('base64');
  const secrets = new Secrets();
  secrets.add(password, credentials);
  const transport = new Transport({
    authorization: `Basic ${credentials}`,
    consoleRack,
    tls,
    proxyUrl: options.proxyUrl === undefined ? undefined : new URL(options.proxyUrl),
    readOnly: options.readOnly ?? false,
    timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    secrets,
    logger,
    onCall: options.onCall,
  });
  const session = new Session({ url, transport, clock, logger, findApiUrl, isConsole: consoleRack !== undefined });
  return { session, transport, clock, logger, secrets };
}
