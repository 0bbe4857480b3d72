import { describe, expect, it } from 'vitest';
import { checkCaa, forecastCertificates, forecastMail } from '../../src/aws/certificate-forecast.ts';
import { fakeResolver } from './support/fake-resolver.ts';
import { signal } from './support/signal.ts';

describe('forecastMail', () => {
  it('walks up to the first name with a mail server', async () => {
    const resolver = fakeResolver({ mx: { 'example.com': ['mx.example.net'] } });

    const mail = await forecastMail({ domain: 'app.shop.example.com', resolver }, signal);

    expect(mail).toEqual({
      domain: 'app.shop.example.com',
      validationDomain: 'example.com',
      mailboxes: ['admin', 'administrator', 'hostmaster', 'postmaster', 'webmaster'].map((box) => `${box}@example.com`),
      canReceiveMail: true,
    });
  });

  it('says that mail is lost when no name up to two labels takes any', async () => {
    const resolver = fakeResolver({ mx: { com: ['mx.nic'] } });

    const mail = await forecastMail({ domain: 'shop.example.com', resolver }, signal);

    expect(mail).toMatchObject({ validationDomain: 'shop.example.com', canReceiveMail: false });
    expect(mail.mailboxes).toContain('admin@shop.example.com');
  });

  it('drops www and the star as ACM does', async () => {
    const resolver = fakeResolver({ mx: { 'www.example.com': ['mx'], 'example.org': ['mx'] } });

    expect((await forecastMail({ domain: 'www.example.com', resolver }, signal)).mailboxes[0]).toBe(
      'admin@example.com',
    );
    expect((await forecastMail({ domain: '*.example.org', resolver }, signal)).validationDomain).toBe('example.org');
  });
});

describe('checkCaa', () => {
  const issue = (value: string) => ({ tag: 'issue' as const, value });
  const wild = (value: string) => ({ tag: 'issuewild' as const, value });
  const check = (domain: string, caa: Parameters<typeof fakeResolver>[0]['caa']) =>
    checkCaa({ domain, resolver: fakeResolver({ caa: caa ?? {} }) }, signal);

  it('finds a record that keeps Amazon out, however far up it stands', async () => {
    expect(await check('a.shop.example.com', { 'example.com': [issue('letsencrypt.org')] })).toEqual({
      domain: 'a.shop.example.com',
      at: 'example.com',
      allowed: ['letsencrypt.org'],
    });
  });

  it('lets the first name with records decide', async () => {
    expect(
      await check('shop.example.com', { 'shop.example.com': [issue('amazon.com; x=1')], 'example.com': [issue(';')] }),
    ).toBeUndefined();
  });

  it.each([
    ['no records', {}],
    ['only other properties', { 'example.com': [{ tag: 'other' as const, value: 'mailto:x' }] }],
    ['one of Amazon’s names', { 'example.com': [issue('letsencrypt.org'), issue('amazontrust.com')] }],
  ])('allows with %s', async (_, caa) => {
    expect(await check('shop.example.com', caa)).toBeUndefined();
  });

  it('goes by issuewild for wildcards, else by issue', async () => {
    const caa = { 'example.com': [issue('letsencrypt.org'), wild('amazon.com')] };

    expect(await check('*.example.com', caa)).toBeUndefined();
    expect(await check('shop.example.com', caa)).toBeDefined();
    expect(await check('*.example.com', { 'example.com': [issue('letsencrypt.org')] })).toBeDefined();
  });
});

describe('forecastCertificates', () => {
  const services = [
    { name: 'web', domains: ['shop.example.com'] },
    { name: 'worker', domains: [] },
  ];

  it.each([
    ['20171213132441', 'mail'],
    ['20190529174125', 'ahead'],
  ])('on %s a certificate comes by %s', async (version, outcome) => {
    const resolver = fakeResolver({ mx: { 'example.com': ['mx'] } });

    const forecast = await forecastCertificates({ version, services, resolver, nowMs: 0 }, signal);

    expect(forecast).toMatchObject([
      { service: 'web', outcome, mails: [{ validationDomain: 'example.com' }], caaProblems: [] },
    ]);
  });
});
