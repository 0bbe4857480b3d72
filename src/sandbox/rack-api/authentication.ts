import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Api } from './api.ts';
import type { RackRequest } from './rack-request.ts';
import { SINCE } from './rack-versions.ts';
import { json, RackRefusal, SUCCESS, type Reply } from './reply.ts';
import type { Route } from './routing.ts';

const HOUR_MS = 3_600_000;

export const authenticationRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/check',
    operation: 'check',
    open: true,
    handle: () => ({ type: 'text', text: 'ok', contentType: 'text/plain; charset=utf-8' }),
  },
  {
    method: 'GET',
    path: '/auth',
    operation: 'auth',
    handle: (_request, api) =>
      api.isClassic ? { type: 'text', text: '{"success":true}', contentType: 'application/json' } : SUCCESS,
  },
  { method: 'POST', path: '/system/jwt/token', operation: 'jwt.token', from: SINCE.jwt, handle: signToken },
  {
    method: 'PUT',
    path: '/system/jwt/rotate',
    operation: 'jwt.rotate',
    from: SINCE.jwt,
    handle: (_request, api) => {
      api.store.jwtSecret = api.world.random.hex(32);
      return SUCCESS;
    },
  },
  ...(['/racks', '/switch'] as const).map((path): Route => ({
    method: path === '/racks' ? 'GET' : 'POST',
    path,
    operation: 'console',
    before: SINCE.standard,
    handle: () => {
      throw new RackRefusal(
        403,
        'Your CLI is pointing directly at a Rack. To log into Console instead, run `convox login`',
      );
    },
  })),
];

/** Why a request may not pass, or `undefined` if it may. Any user name goes; `jwt` means the password is a token. */
export function refuseUnauthenticated(
  api: Api,
  request: { readonly method: string; readonly authorization: string | undefined },
): string | undefined {
  const [user = '', password = ''] = readBasic(request.authorization);
  if (user === 'jwt' && api.has(SINCE.jwt)) {
    const verdict = readToken(api, password);
    if (verdict.error !== undefined) return `invalid authentication: ${verdict.error}`;
    const reads = request.method === 'GET' || request.method === 'HEAD';
    return reads || verdict.role === 'rw' ? undefined : 'you are unauthorized to access this';
  }
  return password === api.world.settings.rackPassword ? undefined : 'invalid authentication';
}

function readBasic(header: string | undefined): readonly string[] {
  const encoded = /^Basic (.+)$/i.exec(header ?? '')?.[1];
  if (encoded === undefined) return [];
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? [text] : [text.slice(0, colon), text.slice(colon + 1)];
}

/** An unknown role is answered with 200 and an empty token; a bad duration with 404. */
function signToken(request: RackRequest, api: Api): Reply {
  const role = request.field('role');
  const hours = request.field('durationInHour');
  if (!/^\d+$/.test(hours)) throw new RackRefusal(404, 'invalid duration');
  if (role !== 'read' && role !== 'write') return json({ token: '' });
  const header = base64url(JSON.stringify({ alg: 'HS256', typ: 'JWT' }));
  const payload = base64url(
    JSON.stringify({
      expiresAt: Math.floor((api.world.clock.now() + Number(hours) * HOUR_MS) / 1000),
      role: role === 'read' ? 'r' : 'rw',
      user: `system-${role}`,
    }),
  );
  return json({ token: `${header}.${payload}.${sign(api, `${header}.${payload}`)}` });
}

function readToken(api: Api, token: string): { readonly role: string; readonly error?: string } {
  const [header = '', payload = '', signature = ''] = token.split('.');
  const expected = Buffer.from(sign(api, `${header}.${payload}`));
  const given = Buffer.from(signature);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
    return { role: '', error: 'signature is invalid' };
  }
  // Signed by this rack, so the shape is the one of signToken.
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as { role: string; expiresAt: number };
  return claims.expiresAt * 1000 < api.world.clock.now()
    ? { role: '', error: 'token is expired' }
    : { role: claims.role };
}

function sign(api: Api, text: string): string {
  return createHmac('sha256', api.store.jwtSecret).update(text).digest('base64url');
}

const base64url = (text: string): string => Buffer.from(text).toString('base64url');
