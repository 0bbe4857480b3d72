import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { decode, encode } from 'dns-packet';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NameNotResolved, StubResolver } from '../../../../src/sandbox/network/traffic/stub-resolver.ts';
import { ManualClock } from '../../../../src/time/clock.ts';

let server: Socket;
let address: string;
let questions: string[];
/** Questions that get no answer before the first that does. */
let silent: number;
let ttl: number;
let clock: ManualClock;
let resolvers: StubResolver[];

beforeEach(async () => {
  [questions, silent, ttl, clock, resolvers] = [[], 0, 60, new ManualClock(), []];
  server = createSocket('udp4');
  server.on('message', (message, from) => {
    const { id, questions: [question] = [] } = decode(message);
    questions.push(question?.name ?? '');
    if (questions.length <= silent) return;
    const isKnown = question?.name === 'shop.example.com';
    const data = `192.0.2.${questions.length}`;
    const answers = isKnown ? [{ type: 'A', name: 'shop.example.com', ttl, data } as const] : [];
    server.send(encode({ type: 'response', id: id ?? 0, flags: isKnown ? 0 : 3, answers }), from.port, from.address);
  });
  server.bind(0, '127.0.0.1');
  await once(server, 'listening');
  address = `127.0.0.1:${server.address().port}`;
});

afterEach(() => {
  for (const resolver of resolvers) resolver.close();
  server.close();
});

function resolverThat({ ttlFactor = 1 } = {}): StubResolver {
  const resolver = new StubResolver({ server: address, clock, ttlFactor });
  resolvers.push(resolver);
  return resolver;
}

describe("a visitor's resolver", () => {
  it('keeps an answer for its TTL in simulated time, and asks once for many at the same moment', async () => {
    const resolver = resolverThat();

    const first = await Promise.all([resolver.addresses('shop.example.com'), resolver.addresses('shop.example.com')]);
    await clock.advance(59_000);
    const kept = await resolver.addresses('shop.example.com');
    await clock.advance(2_000);
    const fresh = await resolver.addresses('shop.example.com');

    expect([...first, kept]).toEqual([['192.0.2.1'], ['192.0.2.1'], ['192.0.2.1']]);
    expect(fresh).toEqual(['192.0.2.2']);
  });

  it('keeps an answer too long when that is its habit', async () => {
    const resolver = resolverThat({ ttlFactor: 3 });

    await resolver.addresses('shop.example.com');
    await clock.advance(179_000);
    const kept = await resolver.addresses('shop.example.com');
    await clock.advance(2_000);
    const fresh = await resolver.addresses('shop.example.com');

    expect([kept, fresh]).toEqual([['192.0.2.1'], ['192.0.2.2']]);
  });

  it('asks again when a datagram is lost', async () => {
    silent = 1;

    const addresses = await resolverThat().addresses('shop.example.com');

    expect(addresses).toEqual(['192.0.2.2']);
  });

  it('says when a name has no address, and does not keep that', async () => {
    const resolver = resolverThat();

    await expect(resolver.addresses('gone.example.com')).rejects.toBeInstanceOf(NameNotResolved);
    await expect(resolver.addresses('gone.example.com')).rejects.toThrow('gone.example.com');

    expect(questions).toHaveLength(2);
  });
});
