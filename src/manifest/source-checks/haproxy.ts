import { baseName, report } from './source-file.ts';
import type { SourceCheck } from './source-file.ts';

interface Section {
  readonly kind: string;
  readonly lines: readonly { readonly text: string; readonly line: number }[];
}

/** HAProxy in front of an app: it forwards Host as it came, unless told otherwise. */
export const checkHaproxy: SourceCheck = (file, _context, findings) => {
  const isConfig =
    /\.(?:cfg|conf|erb|tmpl|template|j2|ctmpl)$/i.test(baseName(file.path)) || /haproxy/i.test(baseName(file.path));
  if (!isConfig || !/^\s*(?:frontend|backend|listen)\s+\S/m.test(file.text) || /^\s*server\s*\{/m.test(file.text))
    return;
  for (const section of sections(file.lines)) {
    const setsHost = section.lines.some(({ text }) =>
      /\b(?:http-request set-header|reqirep|http-request replace-header)\b.*\bHost\b/i.test(text),
    );
    for (const { text, line } of section.lines) {
      const [, , address = '', options = ''] = /^\s*server\s+(\S+)\s+(\S+)(.*)$/.exec(text) ?? [];
      const isRemote = address !== '' && !/^(?:127\.0\.0\.1|localhost|unix@|\/)/.test(address);
      if (isRemote && !setsHost) {
        report(findings, 'choice', 'proxy-host-header', {
          line,
          message:
            'HAProxy forwards the original Host to this server; behind a generation 2 balancer, which routes by Host, the request comes back here or gets a 404.',
          hint: 'For a linked service add "http-request set-header Host NAME-IN-ITS-URL", and use ssl sni.',
        });
      }
      if (/\bsend-proxy(?:-v2)?\b/.test(options)) {
        report(findings, 'choice', 'proxy-protocol', {
          line,
          message: 'HAProxy sends PROXY protocol to this server; a generation 2 balancer refuses it.',
          hint: 'Remove send-proxy for linked services.',
        });
      }
      if (/^\s*bind\b.*\baccept-proxy\b/.test(text)) {
        report(findings, 'choice', 'proxy-protocol', {
          line,
          message:
            'HAProxy expects PROXY protocol here; balancers of generation 2 do not send it, and every request would fail.',
          hint: 'Remove accept-proxy, and take the client address from X-Forwarded-For.',
        });
      }
      if (/^\s*option\s+forwardfor\b/.test(text) && !text.includes('if-none')) {
        report(findings, 'choice', 'proxy-forwarded-for', {
          line,
          message:
            'HAProxy adds its own X-Forwarded-For, and the balancers add theirs: its last entry is no longer the client.',
          hint: 'Use "option forwardfor if-none", and have the app count trusted proxies.',
        });
      }
      if (/\bredirect\s+scheme\s+https\b/.test(text) && !/x-forwarded-proto/i.test(text)) {
        report(findings, 'choice', 'proxy-scheme', {
          line,
          message:
            'Requests are redirected to https although TLS ended at the balancer: this never ends, and the health check gets a redirect.',
          hint: 'Redirect only if { hdr(X-Forwarded-Proto) http }, and never on the health path.',
        });
      }
    }
  }
};

function sections(lines: readonly string[]): readonly Section[] {
  const found: { kind: string; lines: { text: string; line: number }[] }[] = [];
  for (const [index, raw] of lines.entries()) {
    const text = raw.replace(/(?:^|\s)#.*$/, '');
    const [, kind] = /^(global|defaults|frontend|backend|listen)\b/.exec(text) ?? [];
    if (kind !== undefined) found.push({ kind, lines: [] });
    found.at(-1)?.lines.push({ text, line: index + 1 });
  }
  return found;
}
