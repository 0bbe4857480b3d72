import http from 'node:http';
import type { Readable } from 'node:stream';
import axios, { type AxiosResponse } from 'axios';
import { MigrationError, stopped, throwIfStopped } from '../errors.ts';
import { definedFields } from './form.ts';
import { hostOf, plainHeaders, readText, TooLarge, trailersOf } from './http-answer.ts';
import { RackAgent } from './rack-agent.ts';
import type { RackCall, RackLogger, RackTls } from './options.ts';
import { failure, refusal, type RequestLabel } from './rack-error.ts';
import { effectOf, openBody, urlOf, type RackRequest, type StreamReply, type TextReply } from './request.ts';
import type { Secrets } from './secrets.ts';
import { timeLimit, type TimeLimit } from './time-limit.ts';

export interface TransportOptions {
  readonly authorization: string;
  readonly consoleRack: string | undefined;
  readonly tls: RackTls;
  readonly proxyUrl: URL | undefined;
  readonly readOnly: boolean;
  readonly timeoutMs: number;
  readonly secrets: Secrets;
  readonly logger: RackLogger | undefined;
  readonly onCall: ((call: RackCall) => void) | undefined;
}

const LARGEST_REPLY_BYTES = 64 * 1024 * 1024;
const LARGEST_ERROR_BYTES = 64 * 1024;
const USER_AGENT = 'convox-gen2';

/** The agents of one destination: reads share kept-alive connections, a write always gets a fresh one. */
export interface Agents {
  readonly read: http.Agent;
  readonly write: http.Agent;
  readonly destroy: () => void;
}

/**
 * Sends single requests and turns every failure into a MigrationError; no retries here.
 *
 * A write never travels on a kept-alive connection: the server may close it at the very moment of sending, and then
 * nobody knows whether the write has been seen.
 */
export class Transport {
  readonly options: TransportOptions;
  #sessionId: string | undefined;
  readonly #agents = new Map<string, Agents>();

  constructor(options: TransportOptions) {
    this.options = options;
  }

  /** The id of a console session; sent with every request once it is known. */
  set sessionId(id: string) {
    this.#sessionId = id;
  }

  /** Closes all kept-alive connections. */
  close(): void {
    for (const agents of this.#agents.values()) agents.destroy();
    this.#agents.clear();
  }

  /** One attempt, the answer read to its end. */
  async text(base: URL, request: RackRequest, signal: AbortSignal): Promise<TextReply> {
    const label = this.label(base, request);
    const limit = timeLimit(request.timeoutMs ?? this.options.timeoutMs, signal);
    try {
      const response = await this.#send(base, request, label, limit, signal);
      const text = await this.#readAll(response, label, limit, signal);
      return { status: response.status, headers: plainHeaders(response), text, label };
    } finally {
      limit.done();
    }
  }

  /** One attempt, the body handed on as it comes; the limit then counts only time without progress. */
  async stream(base: URL, request: RackRequest, signal: AbortSignal): Promise<StreamReply> {
    const label = this.label(base, request);
    const limit = timeLimit(request.timeoutMs ?? this.options.timeoutMs, signal);
    let isHandedOn = false;
    try {
      const response = await this.#send(base, request, label, limit, signal);
      response.data.on('data', limit.touch).once('close', limit.done).pause();
      isHandedOn = true;
      return { headers: plainHeaders(response), body: response.data, trailer: trailersOf(response), label };
    } finally {
      if (!isHandedOn) limit.done();
    }
  }

  /** How this request is called in messages. */
  label(base: URL, request: RackRequest): RequestLabel {
    const what = request.subject === undefined ? request.operation : `${request.operation} ${request.subject}`;
    return { what, rack: base.host, effect: effectOf(request) };
  }

  /** The headers every request and websocket carries. */
  commonHeaders(): Record<string, string> {
    const { authorization, consoleRack } = this.options;
    return {
      Authorization: authorization,
      'User-Agent': USER_AGENT,
      ...(consoleRack === undefined ? {} : { Rack: consoleRack }),
      ...(this.#sessionId === undefined ? {} : { Session: this.#sessionId }),
    };
  }

  /** @throws {MigrationError} `READ_ONLY` when this client must not change anything. */
  assertMayWrite(what: string): void {
    if (!this.options.readOnly) return;
    throw new MigrationError('READ_ONLY', `${what}: refused, this client only reads`, {
      hint: 'Planning never changes a rack; a write here is a bug of the caller.',
      details: { operation: what },
    });
  }

  /** Agents for the host of `base`. */
  agents(base: URL): Agents {
    const known = this.#agents.get(base.origin);
    if (known !== undefined) return known;
    const make = (keepAlive: boolean): http.Agent =>
      base.protocol === 'http:'
        ? new http.Agent({ keepAlive })
        : new RackAgent({ tls: this.#tlsFor(base), proxyUrl: this.options.proxyUrl, keepAlive });
    const read = make(true);
    const write = make(false);
    const agents: Agents = {
      read,
      write,
      destroy: () => {
        read.destroy();
        write.destroy();
      },
    };
    this.#agents.set(base.origin, agents);
    return agents;
  }

  /** For public addresses other than the rack's: certificates are verified, whatever holds for the rack. */
  publicAgent(): http.Agent {
    return new RackAgent({ tls: { mode: 'verify' }, proxyUrl: this.options.proxyUrl, keepAlive: false });
  }

  // Hosts under convox.site have a publicly trusted certificate (convox/rack@20221129130331 provider/aws/formation/
  // rack.json.tmpl ApiBalancer), so an API that moves there in an update is verified whatever held for its old host.
  #tlsFor(base: URL): RackTls {
    return base.hostname.endsWith('.convox.site') ? { mode: 'verify' } : this.options.tls;
  }

  async #send(
    base: URL,
    request: RackRequest,
    label: RequestLabel,
    limit: TimeLimit,
    signal: AbortSignal,
  ): Promise<AxiosResponse<Readable>> {
    throwIfStopped(signal, label.what);
    if (label.effect === 'write') this.assertMayWrite(label.what);
    const startedAt = performance.now();
    const agent = this.agents(base)[label.effect];
    const { data, contentType } = openBody(request, limit);
    const finish = (status?: number): void => {
      const durationMs = performance.now() - startedAt;
      const { method, path, operation } = request;
      this.options.onCall?.({ method, path, operation, durationMs, ...(status === undefined ? {} : { status }) });
      this.options.logger?.debug({ operation, method, path, rack: base.host, status, durationMs }, 'rack request');
    };
    let response: AxiosResponse<Readable>;
    try {
      response = await axios.request<Readable>({
        url: urlOf(base, request),
        method: request.method,
        headers: {
          Accept: 'application/json',
          ...(request.isAnonymous === true ? {} : this.commonHeaders()),
          ...(contentType === undefined ? {} : { 'Content-Type': contentType }),
          ...Object.fromEntries(definedFields(request.headers ?? {})),
        },
        ...(data === undefined ? {} : { data }),
        responseType: 'stream',
        validateStatus: () => true,
        maxRedirects: 0, // a redirect would carry the password to another host, and would buffer uploads
        maxBodyLength: Infinity,
        maxContentLength: Infinity,
        proxy: false, // RackAgent goes through the proxy that was given; the environment is not read here
        httpAgent: agent,
        httpsAgent: agent,
        signal: limit.signal,
      });
    } catch (error) {
      finish();
      throw this.#failed(label, error, limit, signal);
    }
    finish(response.status);
    if (response.status >= 200 && response.status < 300) return response;
    throw await this.#refused(response, label, limit, signal);
  }

  async #refused(
    response: AxiosResponse<Readable>,
    label: RequestLabel,
    limit: TimeLimit,
    signal: AbortSignal,
  ): Promise<MigrationError> {
    let body = '';
    try {
      body = await readText(response.data, LARGEST_ERROR_BYTES, 'cut');
    } catch (error) {
      // The status is known and decides; only a person who stops comes before it.
      if (signal.aborted) return this.#failed(label, error, limit, signal);
    }
    const error = refusal(label, response.status, body, this.options.secrets);
    const headers = plainHeaders(response);
    const extra = {
      ...(headers['retry-after'] === undefined ? {} : { retryAfter: headers['retry-after'] }),
      ...(headers['www-authenticate'] === undefined ? {} : { authenticate: headers['www-authenticate'] }),
      ...(headers['location'] === undefined ? {} : { redirectsTo: hostOf(headers['location']) }),
    };
    return new MigrationError(error.code, error.message, {
      hint: error.hint,
      retryable: error.retryable,
      details: { ...error.details, ...extra },
    });
  }

  async #readAll(
    response: AxiosResponse<Readable>,
    label: RequestLabel,
    limit: TimeLimit,
    signal: AbortSignal,
  ): Promise<string> {
    try {
      return await readText(response.data, LARGEST_REPLY_BYTES, 'refuse');
    } catch (error) {
      if (error instanceof TooLarge) {
        throw new MigrationError('RACK_PROTOCOL', `${label.what} on rack ${label.rack}: answer larger than 64 MB`, {
          hint: 'This does not look like a rack; check the address.',
          details: { operation: label.what, rack: label.rack },
        });
      }
      throw this.#failed(label, error, limit, signal);
    }
  }

  #failed(label: RequestLabel, error: unknown, limit: TimeLimit, signal: AbortSignal): MigrationError {
    if (signal.aborted) return stopped(signal, label.what);
    if (!limit.expired()) return failure(label, error, this.options.secrets, signal);
    return new MigrationError('RACK_UNREACHABLE', `${label.what} on rack ${label.rack}: no answer in time`, {
      hint: 'The rack is slow or away; during a rack update that is normal for up to 15 minutes.',
      retryable: true,
      details: {
        operation: label.what,
        rack: label.rack,
        reason: 'timeout',
        ...(label.effect === 'write' ? { landed: 'unknown' } : {}),
      },
    });
  }
}
