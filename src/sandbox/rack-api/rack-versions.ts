/** Rack versions are `YYYYMMDDhhmmss` texts and compare as such. Switch-over points: routes compared over all tags. */

/** The last version served by the first API server ("classic", convox/rack api/controllers). */
const LAST_CLASSIC = '20180708231844';

export type Era = 'classic' | 'standard';

export function eraOf(version: string): Era {
  return version <= LAST_CLASSIC ? 'classic' : 'standard';
}

/** First version with the named behaviour. */
export const SINCE = {
  /** Before, the parameter `generation` is ignored and every app is generation 1. */
  generationParameter: '20171102200537',
  generationInAppJson: '20171113014715',
  internalBalancer: '20171130011815',
  unknownGenerationRefused: '20171204232334',
  resourceUrlAndParameters: '20180108221548',
  releaseCreate: '20180222001443',
  generation2Default: '20180328031038',
  buildImportByUrl: '20180420210156',
  appUpdate: '20180504181741',
  services: '20180504181741',
  certificateDomains: '20180518143010',
  onlyIssuedCertificates: '20180520153159',
  standard: '20180711032918',
  emptyFrameEndsStream: '20180826001030',
  promoteNeedsRunning: '20180907231934',
  releaseDescription: '20181006001642',
  locked: '20181019133036',
  promoteRefusesOlder: '20190115132842',
  appResources: '20190115161630',
  promoteForce: '20190323224840',
  promoteRefusesEmptyManifest: '20190520160559',
  serviceRestart: '20191015110402',
  router: '20191015110402',
  strictAppNames: '20210201145337',
  apiOnOwnBalancer: '20221129130331',
  jwt: '20230704162933',
  sameVersionAccepted: '20240826190721',
  nlbInServices: '20260420193621',
} as const;
