import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ClassicBalancer, ClassicListener } from '../../model/load-balancing.ts';
import { writeReply } from '../tasks/task-program.ts';
import type { BalancerParts } from './application-balancer.ts';
import { forward, writeOwnAnswer } from './forward.ts';
import { httpFront, httpsFront, sslFront, tcpFront, type Front } from './fronts.ts';
import { realTimeoutMs } from './real-timeout.ts';

const NAMESPACE = 'AWS/ELB';
/** A classic balancer's own answers carry no Server header of note; the body is the same. */
const SERVER = { server: 'awselb/1.0' };

/**
 * What a classic balancer does on one of its ports. TCP and SSL listeners are byte pipes (for SSL without the TLS):
 * one connection counts as one request and no header is added; HTTP and HTTPS listeners work request by request
 * (Elastic Load Balancing, "Listeners for your Classic Load Balancer"; "CloudWatch metrics for your Classic Load
 * Balancer").
 */
export class ClassicPort {
  readonly #balancer: ClassicBalancer;
  readonly #port: number;
  readonly #parts: BalancerParts;

  constructor(balancer: ClassicBalancer, port: number, parts: BalancerParts) {
    this.#balancer = balancer;
    this.#port = port;
    this.#parts = parts;
  }

  front(protocol: ClassicListener['protocol']): Front {
    const tls = {
      certificates: this.#parts.certificates,
      // No SNI: the one certificate of the listener, whatever name is asked for.
      choice: () => ({ defaultArn: this.#listener()?.certificateArn, others: [] }),
      onHandshakeError: () => this.#count('ClientTLSNegotiationErrorCount'),
    };
    const http = {
      keepAliveMs: this.#timeoutMs(),
      onRequest: (request: IncomingMessage, response: ServerResponse) =>
        void this.#handle(request, response, protocol === 'HTTPS' ? 'https' : 'http'),
    };
    switch (protocol) {
      case 'TCP':
        return tcpFront((socket) => this.#pipe(socket));
      case 'SSL':
        return sslFront((socket) => this.#pipe(socket), tls);
      case 'HTTP':
        return httpFront(http);
      case 'HTTPS':
        return httpsFront(http, tls);
    }
  }

  #listener(): ClassicListener | undefined {
    return this.#balancer.listeners.find((listener) => listener.port === this.#port);
  }

  #pipe(connection: Duplex): void {
    const target = this.#parts.chooser.chooseHealthy(this.#balancer.targets);
    if (target?.process === undefined) {
      this.#count('SpilloverCount');
      connection.destroy();
      return;
    }
    this.#count('RequestCount');
    target.process.accept(connection);
  }

  async #handle(request: IncomingMessage, response: ServerResponse, scheme: 'http' | 'https'): Promise<void> {
    request.resume();
    const target = this.#parts.chooser.chooseHealthy(this.#balancer.targets);
    if (target === undefined) {
      this.#fail(response, 503);
      return;
    }
    const startedAt = performance.now();
    const forwarded = await forward(request, target, { scheme, port: this.#port }, this.#timeoutMs());
    if (forwarded.outcome !== 'answered') {
      this.#fail(response, forwarded.outcome === 'bad-gateway' ? 502 : 504);
      return;
    }
    const { reply } = forwarded;
    this.#count('RequestCount');
    this.#count(`HTTPCode_Backend_${Math.floor(reply.status / 100)}XX`);
    const series = () => ({ namespace: NAMESPACE, name: 'Latency', dimensions: this.#dimensions() });
    this.#parts.metrics.time(`${this.#balancer.name} Latency`, series, (performance.now() - startedAt) / 1000);
    writeReply(response, reply);
  }

  #fail(response: ServerResponse, status: number): void {
    this.#count('HTTPCode_ELB_5XX');
    writeOwnAnswer(response, status, SERVER);
  }

  #timeoutMs(): number {
    return realTimeoutMs(this.#balancer.idleSeconds, this.#parts.world.clock.scale);
  }

  #dimensions(): Readonly<Record<string, string>> {
    return { LoadBalancerName: this.#balancer.name };
  }

  #count(name: string): void {
    const series = () => ({ namespace: NAMESPACE, name, dimensions: this.#dimensions() });
    this.#parts.metrics.count(`classic ${this.#balancer.name} ${name}`, series);
  }
}
