import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { TLSSocket } from 'node:tls';

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** Names of the certificate that was shown. */
  readonly certificateNames: string | undefined;
}

export interface Question {
  readonly address: string | undefined;
  readonly port: number;
  readonly host: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Given = TLS, with this authority. */
  readonly caPem?: string;
  /** Default: the host. */
  readonly serverName?: string;
}

/** One GET on a connection of its own. */
export function ask({ address, port, host, path = '/', headers = {}, caPem, serverName }: Question): Promise<Reply> {
  const options: RequestOptions = { host: address, port, path, headers: { Host: host, ...headers }, agent: false };
  if (caPem !== undefined) Object.assign(options, { ca: caPem, servername: serverName ?? host });
  return new Promise((resolve, reject) => {
    const request = (caPem === undefined ? httpRequest : httpsRequest)(options, (response) => {
      const certificateNames = response.socket instanceof TLSSocket ? peerNames(response.socket) : undefined;
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (text: string) => (body += text));
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body, certificateNames }),
      );
    });
    request.on('error', reject);
    request.end();
  });
}

function peerNames(socket: TLSSocket): string | undefined {
  return socket.getPeerCertificate().subjectaltname;
}
