import type { IncomingHttpHeaders } from 'node:http';
import { readMultipart, type FormPart } from './multipart.ts';

/** A request as an operation sees it: path parameters, query, headers and the decoded body. */
export class RackRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly params: Readonly<Record<string, string>>;
  #form: URLSearchParams | undefined;
  #parts: readonly FormPart[] | undefined;

  constructor(request: {
    readonly method: string;
    readonly url: URL;
    readonly headers: IncomingHttpHeaders;
    readonly body: Buffer;
    readonly params: Readonly<Record<string, string>>;
  }) {
    this.method = request.method;
    this.path = request.url.pathname;
    this.query = request.url.searchParams;
    this.headers = request.headers;
    this.body = request.body;
    this.params = request.params;
  }

  /** A path parameter; the route's pattern guarantees it. */
  param(name: string): string {
    return this.params[name] ?? '';
  }

  header(name: string): string | undefined {
    const value = this.headers[name.toLowerCase()];
    return Array.isArray(value) ? value[0] : value;
  }

  get isForm(): boolean {
    return this.#contentType().startsWith('application/x-www-form-urlencoded');
  }

  /**
   * The form parameters as Go's `Request.Form` has them: body first, then the query; only POST and PUT have a body.
   * A JSON body is not read: that is what makes `POST /apps` with JSON create an app without a name.
   */
  get form(): URLSearchParams {
    if (this.#form !== undefined) return this.#form;
    const form = new URLSearchParams();
    if (this.method === 'POST' || this.method === 'PUT') {
      if (this.isForm)
        for (const [name, value] of new URLSearchParams(this.body.toString('utf8'))) form.append(name, value);
      for (const part of this.parts) if (!part.isFile) form.append(part.name, part.content.toString('utf8'));
    }
    for (const [name, value] of this.query) form.append(name, value);
    this.#form = form;
    return form;
  }

  field(name: string): string {
    return this.form.get(name) ?? '';
  }

  get parts(): readonly FormPart[] {
    this.#parts ??= this.#contentType().startsWith('multipart/form-data')
      ? readMultipart(this.body, this.#contentType())
      : [];
    return this.#parts;
  }

  file(name: string): Buffer | undefined {
    return this.parts.find((part) => part.isFile && part.name === name)?.content;
  }

  #contentType(): string {
    return this.header('content-type') ?? '';
  }
}
