import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { AwsRefusal, type World } from '../world.ts';
import { Account, callerArn } from './account.ts';
import { RequestLimits } from './request-limits.ts';
import { isRegion } from './regions.ts';
import { acmService } from './services/acm.ts';
import { cloudFormationService } from './services/cloudformation.ts';
import { cloudWatchService } from './services/cloudwatch.ts';
import { loadBalancingService } from './services/load-balancing.ts';
import { route53Service } from './services/route53.ts';
import { stsService } from './services/sts.ts';
import { isMutating, type Service, type ServiceCall, type WireAnswer, type WireRequest } from './wire/protocol.ts';
import { readScope, verifySignature } from './wire/signature.ts';

const SERVICES: readonly Service[] = [
  cloudFormationService,
  loadBalancingService,
  acmService,
  route53Service,
  cloudWatchService,
  stsService,
];
/** Longer than any pause between two requests of a client: a connection closed in between would look like a fault. */
const KEEP_ALIVE_MS = 600_000;
/** Largest body read: far above any batch Route 53 takes. */
const MAX_BODY_BYTES = 4_000_000;

export interface AwsEndpoint {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** Is away for so many simulated ms: connections are cut, new ones too, what it holds stays. */
  restart(awayMs: number): void;
  close(): Promise<void>;
}

/** Starts the one HTTP endpoint that speaks for every AWS service and region, on a free port of the loopback. */
export async function startAwsEndpoint(world: World): Promise<AwsEndpoint> {
  const limits = new RequestLimits(world.clock);
  const server = createServer((request, response) => {
    handle(world, limits, request, response).catch((error: unknown) => {
      response.destroy(error instanceof Error ? error : undefined);
    });
  });
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  let isAway = false;
  server.on('connection', (socket) => {
    if (isAway) socket.destroy();
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the AWS endpoint has no port');
  return {
    url: `http://127.0.0.1:${String(address.port)}`,
    restart: (awayMs) => {
      isAway = true;
      server.closeAllConnections();
      world.clock.after(awayMs, () => {
        isAway = false;
      });
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

/** `undefined`: the connection is closed without an answer. */
type Outcome = WireAnswer | undefined;

async function handle(
  world: World,
  limits: RequestLimits,
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const request = await readRequest(incoming);
  const outcome = await answer(world, limits, request, randomUUID());
  if (outcome === undefined) {
    incoming.socket.destroy();
    return;
  }
  response.writeHead(outcome.status, { ...outcome.headers, 'content-length': Buffer.byteLength(outcome.body) });
  response.end(outcome.body);
}

async function answer(world: World, limits: RequestLimits, request: WireRequest, requestId: string): Promise<Outcome> {
  // Until the service is known, a refusal is written as most services write it.
  let service: Service = stsService;
  try {
    const scope = readScope(request);
    service = serviceOf(scope.service);
    const call = service.identify(request);
    world.counters.count(service.id, call.operation);
    verifySignature(request, scope, world.settings, Date.now());
    if (!isRegion(scope.region)) {
      throw new AwsRefusal(
        'SignatureDoesNotMatch',
        `Credential should be scoped to a valid region, not '${scope.region}'.`,
        403,
      );
    }
    const account = new Account(world, service.isGlobal ? world.settings.region : scope.region);
    return await withFaults(world, service, call, async (asOfMs) => {
      limits.take(service.id);
      const read = (): WireAnswer => call.answer(account, requestId);
      const { pastAnswers } = world.faults;
      if (pastAnswers === undefined || isMutating(call.operation)) return read();
      const key = [service.id, scope.region, call.operation, request.path, request.query, request.body].join(' ');
      const settled = await pastAnswers.answer(key, { nowMs: world.clock.now(), asOfMs }, () => settle(read));
      if ('refusal' in settled) throw settled.refusal;
      return settled.answer;
    });
  } catch (error) {
    if (error instanceof AwsRefusal) return service.refuse(error, requestId);
    // A mistake of the sandbox: said in the answer, so that nobody takes it for one of AWS.
    const text = error instanceof Error ? error.message : String(error);
    return service.refuse(new AwsRefusal('InternalFailure', `The sandbox itself failed: ${text}`, 500), requestId);
  }
}

function serviceOf(id: string): Service {
  const service = SERVICES.find((candidate) => candidate.id === id);
  if (service === undefined) throw new AwsRefusal('InvalidAction', `The sandbox has no AWS service ${id}`);
  return service;
}

/** An answer or a refusal, which is an answer too: that something does not exist is what lags most. */
function settle(read: () => WireAnswer): { readonly answer: WireAnswer } | { readonly refusal: AwsRefusal } {
  try {
    return { answer: read() };
  } catch (error) {
    if (error instanceof AwsRefusal) return { refusal: error };
    throw error;
  }
}

/** Answers, unless a switched-on fault has it otherwise. */
async function withFaults(
  world: World,
  service: Service,
  call: ServiceCall,
  run: (asOfMs?: number) => Promise<WireAnswer>,
): Promise<Outcome> {
  const { operation } = call;
  const fault = world.faults.actionFor({ service: service.id, operation, mutates: isMutating(operation) });
  if (fault === undefined) return run();
  switch (fault.type) {
    case 'deny': {
      const action = `${service.iamPrefix}:${operation}`;
      throw new AwsRefusal(
        'AccessDenied',
        `User: ${callerArn(world)} is not authorized to perform: ${action} because no identity-based policy allows ` +
          `the ${action} action`,
        403,
      );
    }
    case 'throttle':
      throw new AwsRefusal('Throttling', 'Rate exceeded');
    case 'error':
      throw new AwsRefusal(
        fault.code ?? (fault.status === 503 ? 'ServiceUnavailable' : 'InternalFailure'),
        fault.message ?? 'We encountered an internal error. Please try again.',
        fault.status,
      );
    case 'reset':
      if (fault.applied) await run();
      return undefined;
    case 'delay':
      await world.clock.delay(fault.ms);
      return run();
    case 'stale':
      return run(fault.asOfMs);
    case 'hold':
      await fault.until;
      return run();
  }
}

async function readRequest(incoming: IncomingMessage): Promise<WireRequest> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    // Without an encoding a request's chunks are buffers.
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new Error('request body too large');
    chunks.push(chunk);
  }
  const url = new URL(incoming.url ?? '/', 'http://127.0.0.1');
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(incoming.headers)) {
    headers[name] = Array.isArray(value) ? value.join(',') : (value ?? '');
  }
  return {
    method: incoming.method ?? 'GET',
    path: url.pathname,
    query: url.searchParams,
    headers,
    body: Buffer.concat(chunks),
  };
}
