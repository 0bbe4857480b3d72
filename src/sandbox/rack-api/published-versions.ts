/** An entry of `versions.json`, the list the required-version walk reads. */
export interface PublishedVersion {
  readonly version: string;
  readonly description: string;
  readonly published: boolean;
  readonly required: boolean;
}

/**
 * The versions this sandbox can run, ascending. Real tags of convox/rack at which something changes for a migration;
 * which ones are required is only told by the list online, so those two are the sandbox's choice.
 */
export const PUBLISHED_VERSIONS: readonly PublishedVersion[] = [
  ...versions(
    '20170615105348',
    '20171102200537',
    '20171110160702',
    '20171130011815',
    '20171204232334',
    '20171206173224',
    '20171213132441',
    '20171214220445',
    '20180106174952',
    '20180124232007',
    '20180222001443',
    '20180306214116',
    '20180328031038',
    '20180412033556',
    '20180415180827',
    '20180420210156',
    '20180423223805',
    '20180504181741',
    '20180520153159',
    '20180618124906',
  ),
  { version: '20180708231844', description: 'last version with the classic API', published: true, required: true },
  ...versions(
    '20180711032918',
    '20180808194846',
    '20180826001030',
    '20180906184830',
    '20180907231934',
    '20181115134335',
    '20190103234204',
    '20190115132842',
    '20190307224522',
    '20190520160559',
  ),
  { version: '20190529174125', description: 'reuses issued certificates', published: true, required: true },
  ...versions(
    '20191015110402',
    '20200720124031',
    '20210201145337',
    '20220207122553',
    '20221129130331',
    '20230704162933',
    '20240826190721',
    '20250325115244',
    '20260420193621',
    '20260421192651',
  ),
  // Exists as a template but is not offered: what an update to an unpublished version meets.
  { version: '20260501000000', description: 'not published', published: false, required: false },
];

function versions(...names: readonly string[]): PublishedVersion[] {
  return names.map((version) => ({ version, description: '', published: true, required: false }));
}

/** `versions.json` of a sandbox: the versions above, and the one it was started with. */
export function publishedVersions(installed: string): readonly PublishedVersion[] {
  if (PUBLISHED_VERSIONS.some(({ version }) => version === installed)) return PUBLISHED_VERSIONS;
  return [...PUBLISHED_VERSIONS, ...versions(installed)].toSorted((a, b) => (a.version < b.version ? -1 : 1));
}
