import type { StackTemplate } from '../model/stacks.ts';
import { rackTemplate } from '../stacks/templates/rack.ts';
import type { World } from '../world.ts';
import type { Api } from './api.ts';
import { PUBLISHED_VERSIONS } from './published-versions.ts';
import { SINCE } from './rack-versions.ts';
import { RackRefusal } from './reply.ts';
import { humanStatus, type StackFacts } from './stack-view.ts';

/** `converging`: the stack has settled, an instance is not in service yet. */
export function rackStatus(api: Api, stack: StackFacts): string {
  const status = humanStatus(stack.status);
  return status === 'running' && api.host.isConverging ? 'converging' : status;
}

export interface RackRequest {
  readonly version: string;
  readonly parameters: ReadonlyMap<string, string>;
  /** `http://127.0.0.1:PORT`: what stands for the host name of the API's own load balancer. */
  readonly movedTo: string;
}

/**
 * The rack's template. From 20221129130331 on the API's host name (`Dashboard`, `RackDomain`) is
 * `rack.<balancer>.convox.site` in real life; here it is the whole URL of the loopback
 * address that the API has moved to, because a host name alone would mean TLS.
 */
export function sandboxRackTemplate(world: World, { version, parameters, movedTo }: RackRequest): StackTemplate {
  const template = rackTemplate(world, { version, parameters });
  if (version < SINCE.apiOnOwnBalancer) return template;
  return {
    ...template,
    outputs: (ref) =>
      template
        .outputs(ref)
        .map((each) => (each.key === 'Dashboard' || each.key === 'RackDomain' ? { ...each, value: movedTo } : each)),
  };
}

/** Parameters of the rack: a stack update with the same template; names it does not know are dropped. */
export function updateRackParameters(api: Api, changes: ReadonlyMap<string, string>): void {
  update(api, api.version, changes);
}

/** The rack's version: a stack update with the template of that version. Nothing but its existence is checked. */
export function updateRackVersion(api: Api, version: string, changes: ReadonlyMap<string, string>): void {
  const stack = api.rackStack();
  const isSame = stack.parameters.get('Version') === version;
  if (api.isClassic) {
    if (humanStatus(stack.status) !== 'running') throw new RackRefusal(500, 'system is already updating');
    if (isSame && changes.size === 0) throw new RackRefusal(500, 'no system updates are to be performed');
  }
  if (isSame && changes.size === 0 && api.has(SINCE.sameVersionAccepted)) return;
  if (!PUBLISHED_VERSIONS.some((each) => each.version === version)) {
    // What a classic rack reads as the template is S3's error page; a standard one leaves the refusal to AWS.
    if (api.isClassic) throw new RackRefusal(500, "invalid character '<' looking for beginning of value");
    throw api.awsError('ValidationError', 'S3 error: Access Denied');
  }
  update(api, version, changes);
}

function update(api: Api, version: string, changes: ReadonlyMap<string, string>): void {
  const { cloudFormation } = api.world;
  const current = cloudFormation.find(api.rack)?.parameters ?? new Map<string, string>();
  const parameters = new Map([...current, ...changes, ['Version', version]]);
  const template = sandboxRackTemplate(api.world, { version, parameters, movedTo: api.host.movedTo });
  const declared = new Map([...parameters].filter(([name]) => template.parameters?.has(name) ?? true));
  api.callAws(() => {
    cloudFormation.updateStack(api.rack, template, declared);
  });
  api.view.forget();
  api.log(api.rack, `ns=rack at=SystemUpdate version=${version} state=success`);
  api.host.updated({ version, parameters: declared });
}
