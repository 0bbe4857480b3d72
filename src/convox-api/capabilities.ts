import { compareVersions, eraOf, isAtLeast, type RackEra } from './versions.ts';

/** One thing a rack can do, and since when racks can. */
export interface Capability {
  /** First version that has it. */
  readonly since: string;
  /** First version that has it no more; absent while it lasts. */
  readonly until?: string;
  readonly what: string;
  /** Where the version comes from: tags of convox/rack. */
  readonly source: string;
}

// Versions found by comparing routes, templates and handlers over all tags of convox/rack; the file is where to look.
export const CAPABILITIES = {
  generation2: since('20171102200537', 'makes apps of generation 2', 'api/controllers/apps.go'),
  generationReported: since('20171113014715', 'shows the generation of an app', 'structs/app.go'),
  generationChecked: since(
    '20171204232334',
    'refuses an unknown generation instead of making generation 1',
    'provider/aws/apps.go',
  ),
  internalBalancer: since(
    '20171130011815',
    'Internal=Yes makes an internal ALB; services can be internal',
    'provider/aws/formation/rack.json',
  ),
  internalDomainOutput: since(
    '20180106174952',
    'output DomainInternal holds the DNS name of the internal ALB',
    'provider/aws/formation/rack.json',
  ),
  internalOnly: since(
    '20180906184830',
    'parameter InternalOnly: no public ALB',
    'provider/aws/formation/rack.json.tmpl',
  ),
  internalNames: since(
    '20180106174952',
    'SERVICE.APP.RACK.convox resolves inside the VPC',
    'provider/aws/formation/app.json.tmpl',
  ),
  wildcardEnvironment: since(
    '20180227221242',
    'environment: ["*"] in convox.yml passes every variable',
    'manifest/manifest.go',
  ),
  manifestEnvironment: since('20180602030619', 'top-level environment in convox.yml', 'pkg/manifest/manifest.go'),
  scaleFromManifest: since(
    '20180316230415',
    'scale.cpu and scale.memory of convox.yml are used',
    'provider/aws/formation/app.json.tmpl',
  ),
  healthGrace: since('20180124232007', 'health.grace in convox.yml', 'manifest/manifest.go'),
  healthAccepts3xx: since(
    '20180412033556',
    'a health check is passed by 200-399',
    'provider/aws/formation/app.json.tmpl',
  ),
  healthAccepts401: since(
    '20180705140223',
    'a health check is passed by 401 too',
    'provider/aws/formation/app.json.tmpl',
  ),
  healthCodesConfigurable: since(
    '20220207122553',
    'app parameter LoadBalancerSuccessCodes',
    'provider/aws/formation/service.json.tmpl',
  ),
  drain: since('20181115134335', 'drain in convox.yml', 'pkg/manifest/service.go'),
  redirectsToHttps: since(
    '20190103234204',
    'port 80 redirects to HTTPS unless RedirectHttps=No',
    'provider/aws/formation/rack.json.tmpl',
  ),
  unknownHostAnswers404: since(
    '20190307224522',
    'the ALB answers 404 "unknown host" instead of the Rack API',
    'provider/aws/formation/rack.json.tmpl',
  ),
  nestedServiceStacks: since(
    '20180808194846',
    'one nested stack per service; rules come after the certificate',
    'provider/aws/formation/service.json.tmpl',
  ),
  certificateReuse: since(
    '20180518143010',
    'promote uses a certificate made outside app stacks that covers all domains',
    'provider/aws/releases.go',
  ),
  certificateReuseIssuedOnly: since(
    '20190529174125',
    'only an issued, unexpired certificate is reused',
    'provider/aws/certificates.go',
  ),
  certificateDomains: since(
    '20180518143010',
    'shows all names of a certificate; leaves out those of app stacks',
    'structs/certificate.go',
  ),
  pendingCertificates: {
    ...since('20160101000000', 'lists certificates whose validation is pending', 'provider/aws/certificates.go'),
    until: '20180520153159',
  },
  releaseCreate: since('20180222001443', 'POST /apps/A/releases', 'api/controllers/routes.go'),
  releaseDescriptions: since('20181006001642', 'releases have a description', 'pkg/structs/release.go'),
  promoteRefusesBusyApp: since(
    '20180907231934',
    'promote is refused while the app is not running',
    'pkg/api/controllers.go',
  ),
  promoteForce: since('20190323224840', 'promote takes force', 'pkg/structs/release.go'),
  promoteRefusesOlder: since(
    '20190115132842',
    'promote refuses a release older than the active one',
    'provider/aws/releases.go',
  ),
  promoteRefusesEmptyManifest: since(
    '20190520160559',
    'promote refuses a release without a manifest',
    'provider/aws/releases.go',
  ),
  objects: since('20180222001443', 'stores objects in the bucket of an app', 'api/controllers/routes.go'),
  buildFromObject: since('20180222001443', 'builds from an object:// url', 'provider/aws/builds.go'),
  multipartBuild: {
    ...since('20160101000000', 'builds from a multipart upload', 'api/controllers/builds.go'),
    until: '20180711032918',
  },
  buildImportMultipart: {
    ...since('20160101000000', 'imports a build from a multipart upload', 'api/controllers/builds.go'),
    until: '20180711032918',
  },
  buildImportRaw: since('20180711032918', 'imports a build from a raw body', 'pkg/api/routes.go'),
  deploymentRange: since('20200402141528', 'deployment.minimum and maximum in convox.yml', 'pkg/manifest/service.go'),
  appParametersInApp: since('20180711032918', 'an app shows its parameters', 'pkg/structs/app.go'),
  appLock: since('20181019133036', 'apps can be locked against deletion', 'pkg/structs/app.go'),
  appResources: since('20190115161630', 'lists the resources of an app', 'pkg/api/routes.go'),
  strictAppNames: since(
    '20210201145337',
    'refuses upper case, dots and the rack name in app names',
    'provider/aws/apps.go',
  ),
  serviceRestart: since('20191015110402', 'restarts a service', 'pkg/api/routes.go'),
  apiBehindAlb: since(
    '20221129130331',
    'the API answers at rack.<alb>.convox.site with a trusted certificate',
    'provider/aws/formation/rack.json.tmpl',
  ),
  tokens: since('20230704162933', 'gives out JWTs for user jwt', 'pkg/api/routes.go'),
  sameVersionUpdateIsNoop: since(
    '20240826190721',
    'an update to the same version answers ok',
    'provider/aws/system.go',
  ),
  networkBalancers: since('20260420193621', 'NLBs beside the ALBs', 'provider/aws/formation/rack.json.tmpl'),
} as const satisfies Readonly<Record<string, Capability>>;

export type CapabilityName = keyof typeof CAPABILITIES;

/** What one rack can do. */
export interface RackCapabilities {
  readonly version: string;
  readonly era: RackEra;
  /** False while the rack is updating: what it can do may change at any moment. */
  readonly isSettled: boolean;
  readonly has: Readonly<Record<CapabilityName, boolean>>;
  /** Codes that pass a health check of the ALB when the app does not say otherwise. */
  readonly healthCodes: '200' | '200-399' | '200-399,401';
  /** How a build is imported. */
  readonly buildImport: 'multipart' | 'raw';
  /** Each capability with the version it came with. */
  readonly table: typeof CAPABILITIES;
}

/** What racks of a version can do. */
export function capabilitiesOf(version: string, isSettled = true): RackCapabilities {
  // The keys of CAPABILITIES are exactly the names; Object.fromEntries forgets that.
  const has = Object.fromEntries(
    Object.entries(CAPABILITIES).map(([name, capability]) => [name, isThere(capability, version)]),
  ) as Record<CapabilityName, boolean>;
  return {
    version,
    era: eraOf(version),
    isSettled,
    has,
    healthCodes: has.healthAccepts401 ? '200-399,401' : has.healthAccepts3xx ? '200-399' : '200',
    buildImport: has.buildImportRaw ? 'raw' : 'multipart',
    table: CAPABILITIES,
  };
}

function isThere({ since: first, until }: Capability, version: string): boolean {
  return isAtLeast(version, first) && (until === undefined || compareVersions(version, until) < 0);
}

function since(version: string, what: string, path: string): Capability {
  return { since: version, what, source: `convox/rack@${version} ${path}` };
}
