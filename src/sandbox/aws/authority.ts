import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';
import {
  bitString,
  context,
  contextPrimitive,
  integer,
  objectIdentifier,
  octetString,
  sequence,
  setOf,
  TRUE,
  utcTime,
  utf8String,
} from './der.ts';

const DAY_MS = 86_400_000;
const CA_NAME = 'gen2 sandbox certificate authority';

/** Object identifiers of RFC 5280 and RFC 5758. */
const OID = {
  commonName: '2.5.4.3',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyIdentifier: '2.5.29.35',
  extKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
} as const;

interface IssuedPem {
  readonly key: string;
  /** The certificate and the authority's own. */
  readonly chain: string;
}

/** Signs the certificates of one sandbox; its key lives in this process only. */
export interface Authority {
  readonly caPem: string;
  /** A P-256 key and a server certificate for the names (the first is the common name). */
  issue(names: readonly string[]): IssuedPem;
}

/** Valid for clients on the machine's own clock, whatever the sandbox's says: from yesterday, for two years. */
export function createAuthority(): Authority {
  const ca = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const caKeyId = keyIdentifier(ca.publicKey);
  const caPem = pem(
    certificate({
      subject: CA_NAME,
      publicKey: ca.publicKey,
      signer: ca.privateKey,
      extensions: [
        extension(OID.basicConstraints, sequence(TRUE), { critical: true }),
        // keyCertSign and cRLSign.
        extension(OID.keyUsage, bitString(Buffer.from([0x06]), 1), { critical: true }),
        extension(OID.subjectKeyIdentifier, octetString(caKeyId)),
      ],
    }),
  );

  return {
    caPem,
    issue(names) {
      const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const leaf = certificate({
        subject: names[0] ?? '',
        publicKey,
        signer: ca.privateKey,
        extensions: [
          extension(OID.basicConstraints, sequence(), { critical: true }),
          // digitalSignature.
          extension(OID.keyUsage, bitString(Buffer.from([0x80]), 7), { critical: true }),
          extension(OID.extKeyUsage, sequence(objectIdentifier(OID.serverAuth))),
          extension(OID.subjectKeyIdentifier, octetString(keyIdentifier(publicKey))),
          extension(OID.authorityKeyIdentifier, sequence(contextPrimitive(0, caKeyId))),
          // dNSName is choice 2 of GeneralName.
          extension(
            OID.subjectAltName,
            sequence(...names.map((name) => contextPrimitive(2, Buffer.from(name, 'ascii')))),
          ),
        ],
      });
      return { key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), chain: pem(leaf) + caPem };
    },
  };
}

interface CertificateParts {
  readonly subject: string;
  readonly publicKey: KeyObject;
  readonly signer: KeyObject;
  readonly extensions: readonly Buffer[];
}

/** Certificate and TBSCertificate of RFC 5280, section 4.1. */
function certificate({ subject, publicKey, signer, extensions }: CertificateParts): Buffer {
  const algorithm = sequence(objectIdentifier(OID.ecdsaWithSha256));
  const now = Date.now();
  const toBeSigned = sequence(
    context(0, integer(Buffer.from([2]))),
    integer(serialNumber()),
    algorithm,
    distinguishedName(CA_NAME),
    sequence(utcTime(now - DAY_MS), utcTime(now + 730 * DAY_MS)),
    distinguishedName(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    context(3, sequence(...extensions)),
  );
  return sequence(toBeSigned, algorithm, bitString(sign('sha256', toBeSigned, signer)));
}

function distinguishedName(commonName: string): Buffer {
  return sequence(setOf(sequence(objectIdentifier(OID.commonName), utf8String(commonName))));
}

function extension(oid: string, value: Buffer, { critical = false } = {}): Buffer {
  return sequence(objectIdentifier(oid), ...(critical ? [TRUE] : []), octetString(value));
}

/** SHA-1 of the key's bits, as RFC 5280 section 4.2.1.2 proposes; an identifier, not a protection. */
function keyIdentifier(key: KeyObject): Buffer {
  return createHash('sha1')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest();
}

/** Sixteen bytes, the first neither zero nor negative, so that DER writes them as they are. */
function serialNumber(): Buffer {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes;
}

function pem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
