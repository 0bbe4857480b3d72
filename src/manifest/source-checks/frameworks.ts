import { matchLines, report } from './source-file.ts';
import type { SourceCheck } from './source-file.ts';

/** The balancer's health check carries the address of the task as Host, and comes over http. */
const HEALTH_HOST = 'The health check of the balancer comes with the address of the task as Host';

/** Django: ALLOWED_HOSTS answers other hosts with 400, SECURE_SSL_REDIRECT answers http with 301. */
export const checkDjango: SourceCheck = (file, _context, findings) => {
  if (!file.path.endsWith('.py')) return;
  for (const { line, match } of matchLines(file, /^\s*ALLOWED_HOSTS\s*(?:\+?=|:)(.*)$/)) {
    const value = [match[1] ?? '', ...file.lines.slice(line, line + 15)].join('\n');
    const list = value.includes(']') ? value.slice(0, value.indexOf(']')) : (match[1] ?? '');
    if (/["']\*["']/.test(list)) continue;
    report(findings, 'choice', 'host-allow-list', {
      line,
      message: `ALLOWED_HOSTS refuses hosts it does not list with 400. ${HEALTH_HOST}, and the temporary app has another host name.`,
      hint: 'Answer the health path in a middleware before the host check, and add the host name of the rack.',
    });
  }
  if (/SECURE_REDIRECT_EXEMPT\s*=/.test(file.text)) return;
  for (const { line } of matchLines(file, /^\s*SECURE_SSL_REDIRECT\s*=(?!\s*False)/)) {
    const hasHeader = /SECURE_PROXY_SSL_HEADER\s*=/.test(file.text);
    report(findings, 'choice', 'proxy-scheme', {
      line,
      message: `SECURE_SSL_REDIRECT answers the health check, which is http, with 301${hasHeader ? '' : ', and every request too, because SECURE_PROXY_SSL_HEADER is not set'}.`,
      hint: `Exempt the health path (SECURE_REDIRECT_EXEMPT)${hasHeader ? '' : ", and set SECURE_PROXY_SSL_HEADER = ('HTTP_X_FORWARDED_PROTO', 'https')"}.`,
    });
  }
};

/** Rails: config.hosts answers other hosts with 403, config.force_ssl answers http with 301. */
export const checkRails: SourceCheck = (file, _context, findings) => {
  if (!/(?:^|\/)config\/(?:application|environments\/\w+|initializers\/\w+)\.rb$/.test(file.path)) return;
  if (/environments\/(?:development|test)\.rb$/.test(file.path)) return;
  const isOpen = /config\.hosts\.clear|config\.hosts\s*=\s*nil|host_authorization\s*=\s*\{[^}]*exclude/s.test(
    file.text,
  );
  for (const { line } of matchLines(file, /config\.hosts\s*(?:<<|=|\+=|\.push|\.concat)/)) {
    if (isOpen) continue;
    report(findings, 'choice', 'host-allow-list', {
      line,
      message: `config.hosts refuses hosts it does not list with 403. ${HEALTH_HOST}, and the temporary app has another host name.`,
      hint: 'Exclude the health path: config.host_authorization = { exclude: ->(request) { request.path == "/check" } }.',
    });
  }
  const isExempt = /ssl_options\s*=\s*\{.*redirect.*exclude/s.test(file.text);
  for (const { line } of matchLines(file, /config\.force_ssl\s*=\s*(?!false)/)) {
    if (isExempt) continue;
    report(findings, 'choice', 'proxy-scheme', {
      line,
      message: 'config.force_ssl answers the health check, which is http, with 301.',
      hint: 'Exclude the health path: config.ssl_options = { redirect: { exclude: ->(request) { request.path == "/check" } } }.',
    });
  }
};

/** Node and .NET: the usual https redirects. */
export const checkRedirects: SourceCheck = (file, _context, findings) => {
  if (!/\.(?:[cm]?[jt]s|cs)$/.test(file.path)) return;
  for (const { line, match } of matchLines(
    file,
    /\b(?:enforce\.HTTPS|sslRedirect|express-force-ssl|forceSSL|UseHttpsRedirection)\b\s*\(([^)]*)/i,
  )) {
    const trustsProxy = /trustProtoHeader\s*:\s*true/.test(file.text) || /ForwardedHeaders/.test(file.text);
    report(findings, 'choice', 'proxy-scheme', {
      line,
      message: `A redirect to https answers the health check, which is http, with a redirect${trustsProxy ? '' : ', and never ends if it does not read X-Forwarded-Proto'}.`,
      hint: `Answer the health path before it${(match[1] ?? '') === '' && !trustsProxy ? ', and let it trust X-Forwarded-Proto' : ''}.`,
    });
  }
};
