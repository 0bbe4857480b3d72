import { MigrationError, stopped, throwIfStopped } from '../errors.ts';
import type { Clock } from '../time/clock.ts';
import type { RackClientOptions, RackLogger } from './options.ts';
import { parseRackUrl } from './options.ts';
import { parseReply } from './reply.ts';
import { ConsoleSession, System } from './schema.ts';
import type { RackSystem } from './rack-types.ts';
import { effectOf, type RackRequest, type StreamReply, type TextReply } from './request.ts';
import type { Transport } from './transport.ts';
import { eraOf, FIRST_STANDARD_VERSION, isReleasedVersion, OLDEST_VERSION, type RackEra } from './versions.ts';

/** What the rack speaks right now. */
export interface Dialect {
  readonly era: RackEra;
  /**
   * The version whose abilities may be used: the rack's, or while it is updating the oldest of its era, since the
   * version it reports is already the new one and the API that answers may still be the old one.
   */
  readonly version: string;
  readonly isSettled: boolean;
}

export interface SessionOptions {
  readonly url: URL;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly logger: RackLogger | undefined;
  readonly isConsole: boolean;
  readonly findApiUrl: RackClientOptions['findApiUrl'];
}

const READ_ATTEMPTS = 4;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;
const LONGEST_RETRY_AFTER_MS = 60_000;
/** How often CloudFormation may be asked where the API is. */
const FIND_INTERVAL_MS = 5_000;
/** How long a dialect probed during an update is believed. */
const UNSETTLED_MS = 5_000;

const UPDATING: ReadonlySet<string> = new Set(['updating', 'rollback', 'creating', 'deleting']);

/**
 * The way to one rack: knows where its API is and what it speaks, finds both again when they change, and is the one
 * place where requests are repeated: reads, writes that never left, and the few writes marked as repeatable.
 */
export class Session {
  readonly #options: SessionOptions;
  #url: URL;
  #dialect: { readonly value: Dialect; readonly untilMs: number } | undefined;
  #lookedForApiAtMs = -Infinity;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#url = options.url;
  }

  /** Where the API is, as far as is known. */
  get url(): URL {
    return this.#url;
  }

  /** A request and its whole answer. */
  async text(request: RackRequest, signal: AbortSignal): Promise<TextReply> {
    return await this.#repeat(request, async (url) => this.#options.transport.text(url, request, signal), signal);
  }

  /** A request and its answer as a stream; repeated only until the stream has begun. */
  async stream(request: RackRequest, signal: AbortSignal): Promise<StreamReply> {
    return await this.#repeat(request, async (url) => this.#options.transport.stream(url, request, signal), signal);
  }

  /** Runs `attempt` as a read: repeated with pauses, following the API when it moves. */
  async repeatRead<T>(what: string, attempt: (url: URL) => Promise<T>, signal: AbortSignal): Promise<T> {
    return await this.#repeat({ operation: what, method: 'GET', path: '/' }, attempt, signal);
  }

  /** The rack itself; also refreshes what is known of its dialect. */
  async system(signal: AbortSignal): Promise<RackSystem> {
    const reply = await this.text({ operation: 'system.get', method: 'GET', path: '/system' }, signal);
    const system = parseReply(reply, System);
    await this.#learn(system, reply, signal);
    return system;
  }

  /** What the rack speaks; detected at first use, after updates, and anew with `fresh`. */
  async dialect(signal: AbortSignal, freshness: 'known' | 'fresh' = 'known'): Promise<Dialect> {
    const known = this.#dialect;
    if (freshness === 'known' && known !== undefined && this.#options.clock.monotonic() < known.untilMs)
      return known.value;
    await this.system(signal);
    if (this.#dialect === undefined) throw new Error('system() has learnt the dialect');
    return this.#dialect.value;
  }

  /** Forgets the dialect: the rack is being changed. */
  forget(): void {
    this.#dialect = undefined;
  }

  /**
   * Runs `use` with the dialect. When the rack says that it has no such route, the dialect is detected anew, and if it
   * has changed (somebody updated the rack) `use` runs once more: an unknown route has done nothing.
   */
  async speak<T>(use: (dialect: Dialect) => Promise<T>, signal: AbortSignal): Promise<T> {
    const dialect = await this.dialect(signal);
    try {
      return await use(dialect);
    } catch (error) {
      if (!MigrationError.is(error) || error.details['unknownRoute'] !== true) throw error;
      const now = await this.dialect(signal, 'fresh');
      if (now.era === dialect.era && now.version === dialect.version) throw error;
      this.#options.logger?.info({ before: dialect, now }, 'rack speaks another dialect than before');
      return await use(now);
    }
  }

  async #learn(system: RackSystem, reply: TextReply, signal: AbortSignal): Promise<void> {
    const isUnsettled = UPDATING.has(system.status);
    if (!isUnsettled && isReleasedVersion(system.version)) {
      const value: Dialect = { era: eraOf(system.version), version: system.version, isSettled: true };
      this.#dialect = { value, untilMs: Infinity };
      return;
    }
    const era = await this.#probeEra(reply, signal);
    const oldest = era === 'classic' ? OLDEST_VERSION : FIRST_STANDARD_VERSION;
    // A development rack is as new as its era allows: it has no version to compare.
    const version = isUnsettled ? oldest : era === 'standard' ? system.version : oldest;
    const untilMs = isUnsettled ? this.#options.clock.monotonic() + UNSETTLED_MS : Infinity;
    this.#dialect = { value: { era, version, isSettled: !isUnsettled }, untilMs };
  }

  // `GET /auth` answers JSON on classic racks, `ok` on standard ones, `OK` on very old ones. Through a console it is
  // the console's own; there the `Request-Id` header tells, which only standard racks send.
  async #probeEra(systemReply: TextReply, signal: AbortSignal): Promise<RackEra> {
    if (this.#options.isConsole) return systemReply.headers['request-id'] === undefined ? 'classic' : 'standard';
    const reply = await this.text({ operation: 'auth', method: 'GET', path: '/auth' }, signal);
    return reply.text.trim() === 'ok' ? 'standard' : 'classic';
  }

  async #repeat<T>(request: RackRequest, attempt: (url: URL) => Promise<T>, signal: AbortSignal): Promise<T> {
    const { clock, logger } = this.#options;
    let hasLoggedIn = false;
    for (let tries = 1; ; tries++) {
      throwIfStopped(signal, request.operation);
      const url = this.#url;
      let error: MigrationError;
      try {
        return await attempt(url);
      } catch (caught) {
        if (!MigrationError.is(caught)) throw caught;
        error = caught;
      }
      if (!hasLoggedIn && (await this.#openConsoleSession(error, signal))) {
        hasLoggedIn = true;
        continue;
      }
      if (error.code !== 'RACK_UNREACHABLE' && error.code !== 'RACK_BUSY') throw error;
      const hasMoved = await this.#findApi(error, url, signal);
      if (!mayRepeat(request, error) || (tries >= READ_ATTEMPTS && !hasMoved)) throw error;
      if (hasMoved) continue;
      const pauseMs = pauseAfter(error, tries);
      logger?.debug({ operation: request.operation, code: error.code, pauseMs, tries }, 'rack request repeated');
      try {
        await clock.sleep(pauseMs, signal);
      } catch {
        throw stopped(signal, request.operation);
      }
    }
  }

  // A console may ask for a session: POST to the path it names, then repeat with the id. A challenge to be signed
  // (`token="true"`) needs the user's hardware key, which only the convox CLI can ask for (pkg/cli/auth.go).
  async #openConsoleSession(error: MigrationError, signal: AbortSignal): Promise<boolean> {
    const challenge = error.details['authenticate'];
    if (error.code !== 'RACK_UNAUTHORIZED' || typeof challenge !== 'string') return false;
    const match = /^Session path="(\/[^"]*)" token="(true|false)"/.exec(challenge);
    if (match?.[1] === undefined || match[2] === 'true') return false;
    // Opening a session changes nothing on the rack, so a reading client may do it too.
    const request: RackRequest = { operation: 'login', method: 'POST', path: match[1], effect: 'read' };
    const reply = await this.#options.transport.text(this.#url, request, signal);
    this.#options.transport.sessionId = parseReply(reply, ConsoleSession).id;
    return true;
  }

  async #findApi(error: MigrationError, url: URL, signal: AbortSignal): Promise<boolean> {
    const { findApiUrl, clock, logger } = this.#options;
    if (error.code !== 'RACK_UNREACHABLE' || findApiUrl === undefined) return false;
    if (this.#url !== url) return true; // another request has found it meanwhile
    if (clock.monotonic() - this.#lookedForApiAtMs < FIND_INTERVAL_MS) return false;
    this.#lookedForApiAtMs = clock.monotonic();
    const found = await this.#askForApi(findApiUrl, signal);
    if (found === undefined) return false;
    const candidate = parseRackUrl(found);
    if (candidate.host === url.host || !(await this.#answers(candidate, signal))) return false;
    logger?.info({ from: url.host, to: candidate.host }, 'rack API has moved');
    this.#url = candidate;
    this.forget();
    return true;
  }

  // A hiccup is not a move, and the host a rack names for itself may be out of reach from here (a tunnel, a console).
  async #answers(candidate: URL, signal: AbortSignal): Promise<boolean> {
    const check: RackRequest = { operation: 'check', method: 'GET', path: '/check', isAnonymous: true };
    try {
      await this.#options.transport.text(candidate, check, signal);
      return true;
    } catch (error) {
      throwIfStopped(signal, 'find the rack API');
      if (!MigrationError.is(error)) throw error;
      return false;
    }
  }

  // The finder's own failure must not hide why the rack cannot be reached: it is logged and asked again later.
  async #askForApi(
    find: NonNullable<RackClientOptions['findApiUrl']>,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    try {
      return await find(signal);
    } catch (error) {
      throwIfStopped(signal, 'find the rack API');
      const code = MigrationError.is(error) ? error.code : 'unexpected';
      this.#options.logger?.warn({ code }, 'where the rack API is now could not be found out');
      return undefined;
    }
  }
}

function mayRepeat(request: RackRequest, error: MigrationError): boolean {
  if (effectOf(request) === 'read' || request.isRepeatable === true) return error.retryable;
  // Refused by the network before a byte was sent. A busy rack is left to the caller, who knows what it waits for.
  return error.code === 'RACK_UNREACHABLE' && error.details['landed'] === 'no';
}

function pauseAfter(error: MigrationError, tries: number): number {
  const retryAfter = error.details['retryAfter'];
  if (typeof retryAfter === 'string') {
    const ms = /^\d+$/.test(retryAfter) ? Number(retryAfter) * 1000 : Date.parse(retryAfter) - Date.now();
    if (Number.isFinite(ms)) return Math.min(Math.max(ms, 0), LONGEST_RETRY_AFTER_MS);
  }
  const pause = Math.min(FIRST_PAUSE_MS * 2 ** (tries - 1), LONGEST_PAUSE_MS);
  return pause * (0.5 + Math.random() / 2);
}
