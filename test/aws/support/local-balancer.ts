import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { createSecureContext } from 'node:tls';
import type { Network } from '../../../src/aws/network.ts';
import { createAuthority } from '../../../src/sandbox/aws/authority.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

export interface LocalBalancer {
  readonly network: Network;
  close(): Promise<void>;
}

export interface LocalBalancerOptions {
  readonly answer: Handler;
  /** What port 80 answers; default: as 443. */
  readonly answerPlain?: Handler;
  /** Names of the certificate for each server name; default: the rack's own. */
  readonly certificates?: Readonly<Record<string, readonly string[]>>;
}

const authority = createAuthority();
const RACK_NAMES = ['*.convo-Router-1.us-east-1.convox.site'];

/** Two ports on 127.0.0.1 that stand for 80 and 443 of a balancer, with certificates by server name. */
export async function startLocalBalancer(options: LocalBalancerOptions): Promise<LocalBalancer> {
  const { answer, answerPlain = answer, certificates = {} } = options;
  const rack = authority.issue(RACK_NAMES);
  const secure = https.createServer(
    {
      key: rack.key,
      cert: rack.chain,
      SNICallback: (name, done) => {
        const names = certificates[name];
        if (names === undefined) {
          done(null);
          return;
        }
        const { key, chain } = authority.issue(names);
        done(null, createSecureContext({ key, cert: chain }));
      },
    },
    answer,
  );
  const plain = http.createServer(answerPlain);
  const ports = await Promise.all([listen(plain), listen(secure)]);
  return {
    network: {
      lookup: (name) => Promise.resolve(name === 'nowhere' ? [] : ['127.0.0.1']),
      port: (standard) => (standard === 443 ? ports[1] : ports[0]),
      ca: authority.caPem,
    },
    close: async () => {
      await Promise.all(
        [plain, secure].map((server) => {
          server.closeAllConnections();
          return new Promise((resolve) => server.close(resolve));
        }),
      );
    },
  };
}

async function listen(server: http.Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}
