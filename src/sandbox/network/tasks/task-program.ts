import { createServer, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Random } from '../../random.ts';
import type { Program, ProgramReply, ProgramRequest, TaskDefinition, TaskProcess } from '../../model/compute.ts';
import { afterRunning } from '../patient-timer.ts';
import { Answers, headerValue, programStatus, proxyVariable } from './program-answer.ts';
import type { Upstream } from './upstream.ts';

/** How long (real ms) a stopping program may take for the answers it has begun, as after SIGTERM. */
const STOP_GRACE_MS = 2_000;

/**
 * The program of one task: an HTTP server without a socket of its own. Balancers hand it requests (HTTP listeners) or
 * whole connections (TCP listeners), which spares two of four HTTP messages per request.
 */
export class TaskProgram implements TaskProcess {
  readonly #definition: TaskDefinition;
  readonly #answers: Answers;
  readonly #random: Random;
  readonly #upstream: Upstream;
  readonly #programOf: (definition: TaskDefinition) => Program;
  /** Open connections of TCP listeners, with the number of answers under way on each. */
  readonly #connections = new Map<Duplex, number>();
  #server: Server | undefined;

  constructor(
    definition: TaskDefinition,
    taskId: string,
    parts: { random: Random; upstream: Upstream; programOf: (definition: TaskDefinition) => Program },
  ) {
    this.#definition = definition;
    this.#answers = new Answers(definition, taskId);
    this.#random = parts.random;
    this.#upstream = parts.upstream;
    this.#programOf = parts.programOf;
  }

  get listening(): boolean {
    return this.#server !== undefined;
  }

  start(): void {
    // A program behind a TCP balancer keeps idle connections longer than the balancer does (AWS's advice).
    this.#server = createServer({ keepAliveTimeout: 120_000 }, (request, response) => {
      request.resume();
      const { socket } = request;
      this.#count(socket, 1);
      response.on('close', () => this.#count(socket, -1));
      const asked = { method: request.method ?? 'GET', path: request.url ?? '/', headers: request.headers };
      this.#reply(asked).then(
        (reply) => {
          if (!this.listening) response.shouldKeepAlive = false;
          writeReply(response, reply);
        },
        () => response.destroy(),
      );
    });
  }

  /** Takes no new connection, closes idle ones and finishes what it has begun, as a good program on SIGTERM. */
  stop(): void {
    this.#server = undefined;
    for (const [connection, answers] of this.#connections) if (answers === 0) connection.destroy();
    if (this.#connections.size > 0) afterRunning(STOP_GRACE_MS, () => this.crash());
  }

  /** Gone at once, with its connections. */
  crash(): void {
    this.#server = undefined;
    for (const connection of this.#connections.keys()) connection.destroy();
  }

  async answer(request: ProgramRequest): Promise<ProgramReply> {
    if (this.#server === undefined) throw new Error('connection refused');
    return await this.#reply(request);
  }

  accept(connection: Duplex): void {
    if (this.#server === undefined) {
      connection.destroy();
      return;
    }
    this.#connections.set(connection, 0);
    connection.once('close', () => this.#connections.delete(connection));
    this.#server.emit('connection', connection);
  }

  #count(connection: Duplex, change: 1 | -1): void {
    const answers = this.#connections.get(connection);
    if (answers !== undefined) this.#connections.set(connection, answers + change);
  }

  async #reply(request: ProgramRequest): Promise<ProgramReply> {
    const { environment } = this.#definition;
    const program = this.#programOf(this.#definition);
    if (program.latencyMs > 0) await new Promise((resolve) => setTimeout(resolve, program.latencyMs));
    if (program.errorShare > 0 && this.#random.next() < program.errorShare) return this.#answers.plain(500);
    const variable = proxyVariable(program, request.path);
    const status = programStatus(program, request.path, headerValue(request, 'host'));
    if (variable === undefined || status === 400) return this.#answers.plain(status);
    const base = environment.get(variable);
    if (base === undefined || base === '') return this.#answers.badGateway(`${variable} is not set`);
    const outcome = await this.#upstream.forward(base, request, { keepHost: program.proxyKeepsHost ?? false });
    return 'error' in outcome ? this.#answers.badGateway(outcome.error) : this.#answers.relayed(outcome);
  }
}

/** Writes a program's reply as an HTTP answer. */
export function writeReply(response: ServerResponse, reply: ProgramReply): void {
  response.writeHead(reply.status, { ...reply.headers, 'Content-Length': reply.body.length });
  response.end(reply.body);
}
