import { createServer, type RequestListener, type Server as HttpServer } from 'node:http';
import { createServer as createHttpsServer, type Server as HttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import { createServer as createTlsServer, type Server as TlsServer, type TLSSocket } from 'node:tls';
import type { CertificateChoice, ServerCertificates } from './server-certificates.ts';

/** What stands behind a listening port: it takes connections, whichever address they came in by. */
export interface Front {
  welcome(socket: Socket): void;
  /** Takes over a changed default certificate. */
  refresh(): void;
}

export interface TlsOptions {
  readonly certificates: ServerCertificates;
  /** The listener's certificates as they are now. */
  readonly choice: () => CertificateChoice;
  readonly onHandshakeError: () => void;
}

export interface HttpOptions {
  /** Real milliseconds a kept connection may be idle. */
  readonly keepAliveMs: number;
  readonly onRequest: RequestListener;
}

export function httpFront({ keepAliveMs, onRequest }: HttpOptions): Front {
  const server: HttpServer = createServer({ keepAliveTimeout: keepAliveMs }, onRequest);
  return { welcome: (socket) => server.emit('connection', socket), refresh: () => undefined };
}

export function httpsFront({ keepAliveMs, onRequest }: HttpOptions, tls: TlsOptions): Front {
  const server: HttpsServer = createHttpsServer({ ...tlsServerOptions(tls), keepAliveTimeout: keepAliveMs }, onRequest);
  return tlsFront(server, tls);
}

/** TLS ends here; what is inside is handed on as a byte stream. */
export function sslFront(onConnection: (socket: TLSSocket) => void, tls: TlsOptions): Front {
  return tlsFront(createTlsServer(tlsServerOptions(tls), onConnection), tls);
}

export function tcpFront(onConnection: (socket: Socket) => void): Front {
  return { welcome: onConnection, refresh: () => undefined };
}

function tlsFront(server: TlsServer, tls: TlsOptions): Front {
  let shown: object | undefined;
  const refresh = (): void => {
    const pem = tls.certificates.pem(tls.choice().defaultArn);
    if (pem === undefined || pem === shown) return;
    shown = pem;
    server.setSecureContext({ key: pem.key, cert: pem.chain });
  };
  server.on('tlsClientError', (_, socket) => {
    tls.onHandshakeError();
    socket.destroy();
  });
  server.on('secureConnection', (socket: TLSSocket) => socket.on('error', () => socket.destroy()));
  refresh();
  return { welcome: (socket) => server.emit('connection', socket), refresh };
}

function tlsServerOptions({ certificates, choice }: TlsOptions) {
  return {
    ALPNProtocols: ['http/1.1'],
    SNICallback: (
      name: string,
      done: (error: Error | null, context?: ReturnType<ServerCertificates['context']>) => void,
    ) => {
      const context = certificates.choose(choice(), name);
      if (context === undefined) done(new Error(`no certificate for ${name}`));
      else done(null, context);
    },
  };
}
