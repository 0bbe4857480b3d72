import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Action, Listener, LoadBalancer } from '../../model/load-balancing.ts';
import type { World } from '../../world.ts';
import { writeReply } from '../tasks/task-program.ts';
import { chooseAction, hostOf } from './choose-action.ts';
import type { TargetChooser } from './choose-target.ts';
import { countForwardedAddresses, forward, MAX_FORWARDED_ADDRESSES, writeOwnAnswer } from './forward.ts';
import { httpFront, httpsFront, type Front } from './fronts.ts';
import { realTimeoutMs } from './real-timeout.ts';
import type { ServerCertificates } from './server-certificates.ts';
import type { TrafficMetrics } from './traffic-metrics.ts';

export interface BalancerParts {
  readonly world: World;
  readonly certificates: ServerCertificates;
  readonly chooser: TargetChooser;
  readonly metrics: TrafficMetrics;
}

const NAMESPACE = 'AWS/ApplicationELB';
const SERVER = { server: 'awselb/2.0' };
/** AWS's default for `idle_timeout.timeout_seconds`. */
const DEFAULT_IDLE_SECONDS = 60;

/** What an application balancer does with requests on one of its listeners. */
export class ApplicationListener {
  readonly #balancer: LoadBalancer;
  readonly #port: 80 | 443;
  readonly #parts: BalancerParts;
  readonly #dimension: string;

  constructor(balancer: LoadBalancer, port: 80 | 443, parts: BalancerParts) {
    this.#balancer = balancer;
    this.#port = port;
    this.#parts = parts;
    this.#dimension = balancer.arn.slice(balancer.arn.indexOf(':loadbalancer/') + ':loadbalancer/'.length);
  }

  front(): Front {
    const http = {
      keepAliveMs: this.#timeoutMs(),
      onRequest: (request: IncomingMessage, response: ServerResponse) => void this.#handle(request, response),
    };
    if (this.#listener()?.protocol !== 'HTTPS') return httpFront(http);
    return httpsFront(http, {
      certificates: this.#parts.certificates,
      choice: () => {
        const listener = this.#listener();
        return { defaultArn: listener?.defaultCertificateArn, others: listener?.certificateArns ?? [] };
      },
      onHandshakeError: () => this.#count('ClientTLSNegotiationErrorCount'),
    });
  }

  #listener(): Listener | undefined {
    for (const listener of this.#balancer.listeners.values()) if (listener.port === this.#port) return listener;
    return undefined;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.resume();
    const listener = this.#listener();
    if (listener === undefined) {
      request.socket.destroy();
      return;
    }
    if (countForwardedAddresses(request) > MAX_FORWARDED_ADDRESSES) {
      this.#count('HTTPCode_ELB_4XX_Count');
      writeOwnAnswer(response, 463, SERVER);
      return;
    }
    const action = chooseAction(listener, hostOf(request.headers.host));
    if (action.type === 'forward') await this.#forward(request, response, action);
    else this.#answer(request, response, action);
  }

  #answer(
    request: IncomingMessage,
    response: ServerResponse,
    action: Exclude<Action, { readonly type: 'forward' }>,
  ): void {
    this.#count('RequestCount');
    if (action.type === 'redirect-to-https') {
      const Location = `https://${hostOf(request.headers.host)}:443${request.url ?? '/'}`;
      this.#count('HTTP_Redirect_Count');
      writeOwnAnswer(response, 301, { ...SERVER, headers: { Location } });
      return;
    }
    this.#count('HTTP_Fixed_Response_Count');
    response.writeHead(action.status, {
      'Content-Type': 'text/plain; charset=utf-8',
      'Content-Length': Buffer.byteLength(action.body),
      Server: 'awselb/2.0',
    });
    response.end(action.body);
  }

  async #forward(
    request: IncomingMessage,
    response: ServerResponse,
    action: Extract<Action, { readonly type: 'forward' }>,
  ): Promise<void> {
    const group = this.#parts.world.balancing.targetGroups.get(action.targetGroupArn);
    const target = group === undefined ? undefined : this.#parts.chooser.chooseFailOpen(group.targets);
    if (target === undefined) {
      this.#fail(response, 503);
      return;
    }
    const startedAt = performance.now();
    const arrival = { scheme: this.#port === 443 ? 'https' : 'http', port: this.#port } as const;
    const forwarded = await forward(request, target, arrival, this.#timeoutMs());
    if (forwarded.outcome !== 'answered') {
      this.#fail(response, forwarded.outcome === 'bad-gateway' ? 502 : 504);
      return;
    }
    this.#countAnswer(action.targetGroupArn, forwarded.reply.status, (performance.now() - startedAt) / 1000);
    writeReply(response, forwarded.reply);
  }

  #timeoutMs(): number {
    const seconds = Number(this.#balancer.attributes.get('idle_timeout.timeout_seconds') ?? DEFAULT_IDLE_SECONDS);
    return realTimeoutMs(seconds, this.#parts.world.clock.scale);
  }

  #fail(response: ServerResponse, status: 502 | 503 | 504): void {
    this.#count('HTTPCode_ELB_5XX_Count');
    this.#count(`HTTPCode_ELB_${status}_Count`);
    writeOwnAnswer(response, status, SERVER);
  }

  #count(name: string): void {
    const series = () => ({ namespace: NAMESPACE, name, dimensions: { LoadBalancer: this.#dimension } });
    this.#parts.metrics.count(`${this.#dimension} ${name}`, series);
  }

  /** AWS publishes these by balancer and by balancer and target group. */
  #countAnswer(targetGroupArn: string, status: number, seconds: number): void {
    const group = targetGroupArn.slice(targetGroupArn.indexOf(':targetgroup/') + 1);
    const family = `HTTPCode_Target_${Math.floor(status / 100)}XX_Count`;
    const { metrics } = this.#parts;
    for (const dimensions of [
      { LoadBalancer: this.#dimension },
      { LoadBalancer: this.#dimension, TargetGroup: group },
    ]) {
      const where = 'TargetGroup' in dimensions ? `${this.#dimension} ${group}` : this.#dimension;
      const series = (name: string) => () => ({ namespace: NAMESPACE, name, dimensions });
      metrics.count(`${where} RequestCount`, series('RequestCount'));
      metrics.count(`${where} ${family}`, series(family));
      metrics.time(`${where} TargetResponseTime`, series('TargetResponseTime'), seconds);
    }
  }
}
