import type { Program, ProgramReply, ProgramRequest, TaskDefinition } from '../../model/compute.ts';

/** The status a program gives for a path asked with a Host, before chance (`errorShare`) and proxying. */
export function programStatus(program: Program, path: string, host: string | undefined): number {
  if (program.allowedHosts.length > 0 && !program.allowedHosts.includes(hostName(host))) return 400;
  return program.statusByPath[pathOnly(path)] ?? program.otherStatus ?? 200;
}

/** The env variable that holds the base URL a path is proxied to; the longest prefix wins. */
export function proxyVariable(program: Program, path: string): string | undefined {
  let best: string | undefined;
  for (const prefix of Object.keys(program.proxies)) {
    if (path.startsWith(prefix) && (best === undefined || prefix.length > best.length)) best = prefix;
  }
  return best === undefined ? undefined : program.proxies[best];
}

/** Who answers: the headers and the body that say app, service, release, generation and task. */
export class Answers {
  readonly #headers: Readonly<Record<string, string>>;
  readonly #body: Buffer;
  readonly #program: Program;

  constructor(definition: TaskDefinition, taskId: string) {
    this.#headers = {
      'Content-Type': 'application/json',
      'X-App': definition.app,
      'X-Service': definition.service,
      'X-Release': definition.release,
      'X-Generation': String(definition.generation),
      'X-Task': taskId,
    };
    this.#program = definition.program;
    const { app, service, release, generation } = definition;
    this.#body = Buffer.from(`${JSON.stringify({ app, service, release, generation, task: taskId })}\n`);
  }

  plain(status: number): ProgramReply {
    const { otherStatus, otherReply } = this.#program;
    if (otherReply !== undefined && status === otherStatus) {
      return { status, headers: otherReply.headers, body: Buffer.from(otherReply.body) };
    }
    if (status >= 300 && status < 400) {
      return { status, headers: { ...this.#headers, Location: '/' }, body: Buffer.alloc(0) };
    }
    return { status, headers: this.#headers, body: this.#body };
  }

  /** What came from behind, with this task's headers in front. */
  relayed(reply: { status: number; body: Buffer; app: string | undefined; contentType: string }): ProgramReply {
    const upstream = reply.app === undefined ? {} : { 'X-Upstream-App': reply.app };
    return {
      status: reply.status,
      headers: { ...this.#headers, 'Content-Type': reply.contentType, ...upstream },
      body: reply.body,
    };
  }

  /** nginx's answer when the server behind it cannot be reached. */
  badGateway(reason: string): ProgramReply {
    return {
      status: 502,
      headers: { ...this.#headers, 'Content-Type': 'text/plain' },
      body: Buffer.from(`upstream: ${reason}\n`),
    };
  }
}

export function headerValue(request: ProgramRequest, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === 'string' ? value : value?.[0];
}

function hostName(host: string | undefined): string {
  return (host ?? '').toLowerCase().replace(/:\d+$/, '');
}

function pathOnly(path: string): string {
  const query = path.indexOf('?');
  return query === -1 ? path : path.slice(0, query);
}
