/**
 * The few DER forms an X.509 certificate is written in (ITU-T X.690). Written here because the X.509 libraries sign
 * asynchronously, while a certificate of this world must have its chain at the moment it is issued.
 */

/** Tag, length, content. */
function tagged(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  if (content.length < 0x80) return Buffer.concat([Buffer.from([tag, content.length]), content]);
  const length = Buffer.from(content.length.toString(16).padStart(content.length > 0xff ? 4 : 2, '0'), 'hex');
  return Buffer.concat([Buffer.from([tag, 0x80 | length.length]), length, content]);
}

export function sequence(...items: readonly Uint8Array[]): Buffer {
  return tagged(0x30, ...items);
}

export function setOf(...items: readonly Uint8Array[]): Buffer {
  return tagged(0x31, ...items);
}

/** `[number]`, constructed. */
export function context(number: number, ...items: readonly Uint8Array[]): Buffer {
  return tagged(0xa0 | number, ...items);
}

/** `[number]` IMPLICIT on a primitive type. */
export function contextPrimitive(number: number, content: Uint8Array): Buffer {
  return tagged(0x80 | number, content);
}

/** A positive whole number, from its bytes. */
export function integer(bytes: Uint8Array): Buffer {
  const needsSign = ((bytes[0] ?? 0) & 0x80) !== 0;
  return tagged(0x02, ...(needsSign ? [Buffer.from([0]), bytes] : [bytes]));
}

export const TRUE = tagged(0x01, Buffer.from([0xff]));

export function octetString(content: Uint8Array): Buffer {
  return tagged(0x04, content);
}

export function bitString(content: Uint8Array, unusedBits = 0): Buffer {
  return tagged(0x03, Buffer.from([unusedBits]), content);
}

export function utf8String(text: string): Buffer {
  return tagged(0x0c, Buffer.from(text, 'utf8'));
}

/** `YYYYMMDDHHMMSSZ`; RFC 5280 wants UTCTime before 2050, which every date here is. */
export function utcTime(ms: number): Buffer {
  const text = new Date(ms).toISOString().replace(/[-:T]/g, '').slice(2, 14);
  return tagged(0x17, Buffer.from(`${text}Z`, 'ascii'));
}

/** An object identifier from its dotted form. */
export function objectIdentifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = [first * 40 + second];
  for (const arc of rest) {
    const groups = [arc & 0x7f];
    for (let left = arc >>> 7; left > 0; left >>>= 7) groups.unshift((left & 0x7f) | 0x80);
    bytes.push(...groups);
  }
  return tagged(0x06, Buffer.from(bytes));
}
