import { describe, expect, it } from 'vitest';
import { causeOfAnswer, causeOfError, RequestTimeout } from '../../../../src/sandbox/network/traffic/failure-cause.ts';
import { NameNotResolved } from '../../../../src/sandbox/network/traffic/stub-resolver.ts';

function coded(code: string, message = 'failed'): Error {
  return Object.assign(new Error(message), { code });
}

describe('the cause of a failed request', () => {
  it.each([
    ['dns', new NameNotResolved('no address for shop.example.com')],
    ['connect', coded('ECONNREFUSED')],
    ['connect', new AggregateError([coded('ECONNREFUSED'), coded('ECONNREFUSED')])],
    ['reset', coded('ECONNRESET', 'socket hang up')],
    ['reset', coded('EPIPE')],
    ['tls', coded('ERR_TLS_CERT_ALTNAME_INVALID')],
    ['tls', coded('UNABLE_TO_VERIFY_LEAF_SIGNATURE')],
    ['tls', coded('ECONNRESET', 'Client network socket disconnected before secure TLS connection was established')],
    ['timeout', new RequestTimeout('no answer within 5000 ms')],
    ['other', new Error('something else')],
    ['other', 'no error at all'],
  ])('is %s', (cause, error) => {
    expect(causeOfError(error).cause).toBe(cause);
  });

  it('is the status of an answer that is no success, a redirect that leads nowhere included', () => {
    expect(causeOfAnswer({ status: 503, app: undefined }, 'shop')).toEqual({ cause: 'status 503', detail: 'balancer' });
    expect(causeOfAnswer({ status: 500, app: 'shop' }, 'shop')).toEqual({ cause: 'status 500', detail: 'shop' });
    expect(causeOfAnswer({ status: 301, app: 'shop' }, 'shop')?.cause).toBe('status 301');
  });

  it('is an answer from nobody, or from an app outside the family', () => {
    expect(causeOfAnswer({ status: 200, app: undefined }, 'shop')?.cause).toBe('no app');
    expect(causeOfAnswer({ status: 200, app: 'shopping' }, 'shop')).toEqual({ cause: 'wrong app', detail: 'shopping' });
    expect(causeOfAnswer({ status: 204, app: 'shop' }, 'shop')).toBeUndefined();
    expect(causeOfAnswer({ status: 200, app: 'shop-gen2' }, 'shop')).toBeUndefined();
  });
});
