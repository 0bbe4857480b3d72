import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { XMLParser } from 'fast-xml-parser';
import { createAwsClients, type AwsClients, type AwsClientsOptions } from '../../../src/aws/clients.ts';

/** What a script answers: the content of the answer, or a refusal. */
export type Reply = Readonly<Record<string, unknown>> | Fault;

/** An AWS error answer, or `drop`: the connection is closed without one. */
export class Fault {
  readonly code: string;
  readonly message: string;
  readonly status: number;
  readonly fields: Readonly<Record<string, unknown>>;
  constructor(code: string, message = code, status = 400, fields: Readonly<Record<string, unknown>> = {}) {
    this.code = code;
    this.message = message;
    this.status = status;
    this.fields = fields;
  }
}

export const DROP = new Fault('drop');

/** The parameters of a request: those of the form, the JSON body, or (Route 53) path, query and the XML body as objects. */
export type Params = Readonly<Record<string, unknown>>;
type Script = Readonly<Record<string, (params: Params) => Reply | Promise<Reply>>>;

export interface ScriptedAws {
  readonly url: string;
  /** Operations asked for, in order. */
  readonly calls: string[];
  clients(options?: Partial<AwsClientsOptions>): AwsClients;
  close(): Promise<void>;
}

/**
 * An AWS endpoint over HTTP that answers operations by script, in each service's own wire format; lists of the query
 * protocol are written `{ Stacks: { member: [...] } }`. An operation without script is a failure of the test.
 */
export async function startScriptedAws(script: Script): Promise<ScriptedAws> {
  const calls: string[] = [];
  const opened: AwsClients[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const asked = await readRequest(request);
      calls.push(asked.operation);
      const answer = script[asked.operation];
      const reply =
        answer === undefined
          ? new Fault('NotScripted', `the script has no ${asked.operation}`, 400)
          : await answer(asked.params);
      if (reply === DROP) {
        request.socket.destroy();
        return;
      }
      const { status, type, body } = render(asked, reply);
      response.writeHead(status, { 'content-type': type, 'x-amzn-requestid': 'request-1', connection: 'close' });
      response.end(body);
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    calls,
    clients: (options = {}) => {
      const clients = createAwsClients({
        region: 'us-east-1',
        endpoint: url,
        credentials: { accessKeyId: 'AKIATEST', secretAccessKey: 'secret' },
        maxAttempts: 1,
        ...options,
      });
      opened.push(clients);
      return clients;
    },
    close: async () => {
      opened.forEach((clients) => clients.destroy());
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface Asked {
  readonly protocol: 'query' | 'json' | 'rest-xml';
  readonly operation: string;
  readonly params: Params;
}

async function readRequest(request: IncomingMessage): Promise<Asked> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks).toString('utf8');
  const target = request.headers['x-amz-target'];
  if (typeof target === 'string') {
    return { protocol: 'json', operation: target.split('.')[1] ?? '', params: JSON.parse(body || '{}') as Params };
  }
  const url = new URL(request.url ?? '/', 'http://localhost');
  if (url.pathname.startsWith('/2013-04-01/')) {
    const parsed = body === '' ? {} : (new XMLParser({ parseTagValue: false }).parse(body) as Params);
    return {
      protocol: 'rest-xml',
      operation: route53Operation(request.method ?? 'GET', url.pathname),
      params: { path: url.pathname, ...Object.fromEntries(url.searchParams), ...parsed },
    };
  }
  const form = new URLSearchParams(body);
  return { protocol: 'query', operation: form.get('Action') ?? '', params: Object.fromEntries(form) };
}

function route53Operation(method: string, path: string): string {
  if (/\/hostedzone\/[^/]+\/rrset/.test(path))
    return method === 'GET' ? 'ListResourceRecordSets' : 'ChangeResourceRecordSets';
  if (/\/change\//.test(path)) return 'GetChange';
  if (/\/hostedzone\/.+/.test(path)) return 'GetHostedZone';
  return 'ListHostedZones';
}

function render(asked: Asked, reply: Reply): { status: number; type: string; body: string } {
  if (asked.protocol === 'json') {
    const type = 'application/x-amz-json-1.1';
    if (!(reply instanceof Fault)) return { status: 200, type, body: JSON.stringify(reply) };
    return {
      status: reply.status,
      type,
      body: JSON.stringify({ __type: reply.code, message: reply.message, ...reply.fields }),
    };
  }
  const type = 'text/xml';
  if (reply instanceof Fault) {
    // Route 53 has answered a refused batch in both ways.
    const error =
      reply.code === 'InvalidChangeBatch (bare)'
        ? { InvalidChangeBatch: { Messages: { Message: reply.message.split('; ') }, RequestId: 'request-1' } }
        : {
            ErrorResponse: {
              Error: { Type: 'Sender', Code: reply.code, Message: reply.message },
              RequestId: 'request-1',
            },
          };
    return { status: reply.status, type, body: toXml(error) };
  }
  const content =
    asked.protocol === 'rest-xml'
      ? { [`${asked.operation}Response`]: reply }
      : {
          [`${asked.operation}Response`]: {
            [`${asked.operation}Result`]: reply,
            ResponseMetadata: { RequestId: 'request-1' },
          },
        };
  return { status: 200, type, body: toXml(content) };
}

/** Objects as elements, lists as repeated elements. */
function toXml(value: unknown): string {
  if (value instanceof Date) return value.toISOString();
  if (typeof value !== 'object' || value === null) {
    return String(value).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  }
  return Object.entries(value)
    .filter(([, content]) => content !== undefined)
    .flatMap(([name, content]) =>
      (Array.isArray(content) ? (content as unknown[]) : [content]).map((one) => `<${name}>${toXml(one)}</${name}>`),
    )
    .join('');
}
