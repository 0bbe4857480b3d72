import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { AwsRefusal } from '../../world.ts';
import type { WireRequest } from './protocol.ts';

const SCHEME = 'AWS4-HMAC-SHA256';
const MAX_SKEW_MS = 5 * 60_000;
const FORBIDDEN = 403;
/** A session token that begins so stands for one that has run out. */
const EXPIRED_TOKEN_PREFIX = 'expired';

/** What a signature says about a request (AWS docs, "Signature Version 4 signing process"). */
export interface Scope {
  readonly accessKeyId: string;
  readonly date: string;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
}

/** Reads the Authorization header. */
export function readScope({ headers }: WireRequest): Scope {
  const header = headers['authorization'];
  if (header === undefined) {
    throw new AwsRefusal('MissingAuthenticationToken', 'Request is missing Authentication Token', FORBIDDEN);
  }
  const found =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request,\s*SignedHeaders=([^,]+),\s*Signature=([0-9a-f]{64})$/.exec(
      header,
    );
  const [, accessKeyId, date, region, service, signedHeaders, signature] = found ?? [];
  if (
    accessKeyId === undefined ||
    date === undefined ||
    region === undefined ||
    service === undefined ||
    signedHeaders === undefined ||
    signature === undefined
  ) {
    throw new AwsRefusal('IncompleteSignature', `Authorization header is not a complete ${SCHEME} signature`);
  }
  return { accessKeyId, date, region, service, signedHeaders: signedHeaders.split(';'), signature };
}

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/**
 * Checks the signature as AWS does: known key, current time, equal digest.
 *
 * @throws {AwsRefusal} `InvalidClientTokenId`, `ExpiredToken`, `SignatureDoesNotMatch` (also for a skewed clock).
 */
export function verifySignature(request: WireRequest, scope: Scope, known: Credentials, nowMs: number): void {
  if (scope.accessKeyId !== known.accessKeyId) {
    throw new AwsRefusal('InvalidClientTokenId', 'The security token included in the request is invalid.', FORBIDDEN);
  }
  if (request.headers['x-amz-security-token']?.startsWith(EXPIRED_TOKEN_PREFIX) === true) {
    throw new AwsRefusal('ExpiredToken', 'The security token included in the request is expired', FORBIDDEN);
  }
  const stamp = request.headers['x-amz-date'] ?? '';
  checkTime(stamp, nowMs);
  const expected = signatureOf(request, scope, known.secretAccessKey, stamp);
  if (!timingSafeEqual(Buffer.from(expected, 'hex'), Buffer.from(scope.signature, 'hex'))) {
    throw new AwsRefusal(
      'SignatureDoesNotMatch',
      'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access ' +
        'Key and signing method. Consult the service documentation for details.',
      FORBIDDEN,
    );
  }
}

function checkTime(stamp: string, nowMs: number): void {
  const signedMs = Date.parse(stamp.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  if (Number.isNaN(signedMs)) {
    throw new AwsRefusal('IncompleteSignature', `Date must be in ISO-8601 'basic format'. Got '${stamp}'`);
  }
  const now = stampOf(nowMs);
  if (signedMs < nowMs - MAX_SKEW_MS) {
    const limit = stampOf(nowMs - MAX_SKEW_MS);
    throw new AwsRefusal(
      'SignatureDoesNotMatch',
      `Signature expired: ${stamp} is now earlier than ${limit} (${now} - 5 min.)`,
      FORBIDDEN,
    );
  }
  if (signedMs > nowMs + MAX_SKEW_MS) {
    const limit = stampOf(nowMs + MAX_SKEW_MS);
    throw new AwsRefusal(
      'SignatureDoesNotMatch',
      `Signature not yet current: ${stamp} is still later than ${limit} (${now} + 5 min.)`,
      FORBIDDEN,
    );
  }
}

function stampOf(ms: number): string {
  return new Date(ms).toISOString().replace(/[-:]|\.\d{3}/g, '');
}

function signatureOf(request: WireRequest, scope: Scope, secret: string, stamp: string): string {
  const canonical = [
    request.method,
    request.path.split('/').map(encode).join('/'),
    [...request.query]
      .map(([name, value]) => `${encode(name)}=${encode(value)}`)
      .sort()
      .join('&'),
    ...scope.signedHeaders.map((name) => `${name}:${(request.headers[name] ?? '').trim().replace(/ +/g, ' ')}`),
    '',
    scope.signedHeaders.join(';'),
    sha256(request.body),
  ].join('\n');
  const place = `${scope.date}/${scope.region}/${scope.service}/aws4_request`;
  const text = [SCHEME, stamp, place, sha256(Buffer.from(canonical, 'utf8'))].join('\n');
  const key = [scope.date, scope.region, scope.service, 'aws4_request'].reduce<Buffer | string>(
    (previous, part) => createHmac('sha256', previous).update(part).digest(),
    `AWS4${secret}`,
  );
  return createHmac('sha256', key).update(text).digest('hex');
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** RFC 3986: more than encodeURIComponent escapes. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
