import type { Gen1Port, Gen1Service } from './gen1-types.ts';
import { tcpPorts } from './gen1-types.ts';
import { parameterName } from './workspace.ts';
import type { Workspace } from './workspace.ts';

/** One TCP port with what its labels, the app's parameters and its number say about it. */
export interface PortView {
  readonly port: Gen1Port;
  /** Of `convox.port.N.protocol`; other values act as none. */
  readonly protocol: 'http' | 'https' | 'tcp' | 'tls' | undefined;
  readonly isSecure: boolean;
  readonly isProxy: boolean;
  /** `http`: a label or the health check says so. `web`: 80 or 443. `not-http`: a well-known other protocol. */
  readonly kind: 'http' | 'web' | 'unsaid' | 'not-http';
  /** Whether the container receives TLS on it. */
  readonly tls: 'plain' | 'tls' | 'unknown';
}

/** Well-known ports of protocols that are not HTTP. */
const NOT_HTTP = new Set([
  21, 22, 23, 25, 53, 110, 143, 389, 465, 587, 636, 993, 995, 1433, 1521, 1883, 2181, 3306, 4222, 5432, 5433, 5672,
  6379, 6380, 6432, 8125, 9042, 9092, 11211, 26379, 27017, 27018, 28015,
]);

/** The TCP ports of a service, in the order of the manifest. */
export function viewPorts(work: Workspace, service: Gen1Service): readonly PortView[] {
  const checked = checkedPort(service);
  return tcpPorts(service).map((port) => {
    const label = (name: string): string | undefined =>
      service.labels.get(`convox.port.${port.balancer}.${name}`)?.value;
    const protocol = asProtocol(label('protocol'));
    const isHttp =
      protocol === 'http' || protocol === 'https' || (hasHealthPath(service) && port.container === checked);
    const isWeb = port.balancer === 80 || port.balancer === 443;
    const isOther = NOT_HTTP.has(port.balancer) || NOT_HTTP.has(port.container);
    const isSecure = label('secure') === 'true';
    const view = { port, protocol, isSecure, isProxy: label('proxy') === 'true' };
    return {
      ...view,
      kind: isHttp ? 'http' : isWeb ? 'web' : isOther ? 'not-http' : 'unsaid',
      tls: isSecure ? 'tls' : tlsOfPlainLabel(work, service, port, protocol),
    };
  });
}

function hasHealthPath(service: Gen1Service): boolean {
  return (service.labels.get('convox.health.path')?.value ?? '') !== '';
}

/** The container port of the health check: the label's, else the first TCP port. */
export function checkedPort(service: Gen1Service): number | undefined {
  const label = service.labels.get('convox.health.port');
  return label === undefined ? tcpPorts(service)[0]?.container : Number(label.value);
}

function asProtocol(text: string | undefined): PortView['protocol'] {
  return text === 'http' || text === 'https' || text === 'tcp' || text === 'tls' ? text : undefined;
}

/** TLS on 443 ends at the balancer if the label says so or a certificate is set on the port; else nobody knows. */
function tlsOfPlainLabel(
  work: Workspace,
  service: Gen1Service,
  port: Gen1Port,
  protocol: PortView['protocol'],
): PortView['tls'] {
  if (port.balancer !== 443 || protocol === 'http' || protocol === 'https' || protocol === 'tls') return 'plain';
  return protocol === undefined && hasCertificate(work, service, port) ? 'plain' : 'unknown';
}

/** The parameter `<Service>Port<N>Listener` is `hostport,arn` (convox/rack@20171213132441 formation/g1/app.json.tmpl). */
function hasCertificate(work: Workspace, service: Gen1Service, port: Gen1Port): boolean {
  const listener = work.parameter(`${parameterName(service.name)}Port${port.balancer}Listener`) ?? '';
  return (listener.split(',')[1] ?? '').trim() !== '';
}

export interface PortChoice {
  readonly container: number;
  readonly scheme: 'http' | 'https';
}

/** Reads `5000` or `https:5000`; undefined for anything else. */
export function parsePortAnswer(answer: string): PortChoice | undefined {
  const [, scheme, number] = /^(?:(https?):)?(\d+)$/.exec(answer) ?? [];
  if (number === undefined) return undefined;
  return { container: Number(number), scheme: scheme === 'https' ? 'https' : 'http' };
}

export function formatPort({ container, scheme }: PortChoice): string {
  return scheme === 'https' ? `https:${container}` : String(container);
}

/** The one candidate a careful reader would propose among several container ports; undefined if there is none. */
export function proposePort(service: Gen1Service, candidates: readonly PortView[]): PortChoice | undefined {
  const label = service.labels.get('convox.health.port')?.value;
  const usable = candidates.filter((view) => !view.isProxy);
  const checked = usable.find((view) => label !== undefined && view.port.container === Number(label));
  if (checked !== undefined) return toChoice(checked.port.container, candidates);
  const tlsAtBalancer = usable.find((view) => view.port.balancer === 443 && view.tls === 'plain');
  if (tlsAtBalancer !== undefined) return { container: tlsAtBalancer.port.container, scheme: 'http' };
  const hasOpaque443 = candidates.some((view) => view.port.balancer === 443 && (view.tls !== 'plain' || view.isProxy));
  const plain80 = usable.find((view) => view.port.balancer === 80 && view.tls === 'plain');
  return hasOpaque443 && plain80 !== undefined ? { container: plain80.port.container, scheme: 'http' } : undefined;
}

/** The scheme of a container port from all ports that lead to it; undefined if they disagree or nobody knows. */
export function toChoice(container: number, views: readonly PortView[]): PortChoice | undefined {
  const tls = new Set(views.filter((view) => view.port.container === container).map((view) => view.tls));
  if (tls.has('plain')) return tls.has('tls') ? undefined : { container, scheme: 'http' };
  return tls.has('tls') ? { container, scheme: 'https' } : undefined;
}
