import type { Answer } from 'dns-packet';

/** Turns a value as Route 53 writes it into a DNS answer; undefined for types the sandbox does not serve. */
export function recordAnswer(name: string, type: string, ttl: number, value: string): Answer | undefined {
  const common = { name, ttl };
  switch (type) {
    case 'A':
    case 'AAAA':
      return { ...common, type, data: value };
    case 'CNAME':
    case 'NS':
    case 'PTR':
      return { ...common, type, data: withoutDot(value) };
    case 'TXT':
      return { ...common, type, data: quotedTexts(value) };
    case 'SPF':
      return undefined;
    case 'MX': {
      const [preference, exchange] = words(value);
      return { ...common, type, data: { preference: Number(preference), exchange: withoutDot(exchange ?? '') } };
    }
    case 'SOA': {
      const [mname = '', rname = '', serial, refresh, retry, expire, minimum] = words(value);
      return {
        ...common,
        type,
        data: {
          mname: withoutDot(mname),
          rname: withoutDot(rname),
          serial: Number(serial),
          refresh: Number(refresh),
          retry: Number(retry),
          expire: Number(expire),
          minimum: Number(minimum),
        },
      };
    }
    case 'SRV': {
      const [priority, weight, port, target = ''] = words(value);
      return {
        ...common,
        type,
        data: {
          priority: Number(priority),
          weight: Number(weight),
          port: Number(port),
          target: withoutDot(target),
        },
      };
    }
    case 'CAA': {
      const [flags, tag] = words(value);
      if (tag !== 'issue' && tag !== 'issuewild' && tag !== 'iodef') return undefined;
      return {
        ...common,
        type,
        data: { flags: Number(flags), tag, value: quotedTexts(value)[0] ?? '', issuerCritical: Number(flags) === 128 },
      };
    }
    default:
      return undefined;
  }
}

/** `"one" "two"` → the strings, unescaped. A value without quotes is one string. */
function quotedTexts(value: string): string[] {
  const found = [...value.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, text]) => (text ?? '').replaceAll(/\\(.)/g, '$1'));
  return found.length > 0 ? found : [value];
}

function words(value: string): string[] {
  return value.trim().split(/\s+/);
}

function withoutDot(name: string): string {
  return name.endsWith('.') ? name.slice(0, -1) : name;
}
