import type { CaaProperty, DnsResolver } from '../../../src/aws/dns/resolver.ts';

interface Answers {
  readonly mx?: Readonly<Record<string, readonly string[]>>;
  readonly ns?: Readonly<Record<string, readonly string[]>>;
  readonly caa?: Readonly<Record<string, readonly CaaProperty[]>>;
  readonly cname?: Readonly<Record<string, string>>;
  readonly a?: Readonly<Record<string, readonly string[]>>;
}

/** A resolver that knows just these answers. */
export function fakeResolver(answers: Answers): DnsResolver {
  return {
    addresses: (name, family) =>
      Promise.resolve((family === 4 ? (answers.a?.[name] ?? []) : []).map((address) => ({ address, ttlSeconds: 60 }))),
    findCname: (name) => Promise.resolve(answers.cname?.[name]),
    nameServers: (name) => Promise.resolve(answers.ns?.[name] ?? []),
    mailServers: (name) => Promise.resolve(answers.mx?.[name] ?? []),
    caa: (name) => Promise.resolve(answers.caa?.[name] ?? []),
  };
}
