import { baseName, report } from './source-file.ts';
import type { SourceCheck, SourceFile } from './source-file.ts';
import type { FindingList } from '../finding.ts';

/** One directive of an nginx configuration with the block it opens, if it opens one. */
interface Directive {
  readonly name: string;
  readonly args: readonly string[];
  readonly line: number;
  readonly block: readonly Directive[] | undefined;
}

interface Token {
  readonly text: string;
  readonly line: number;
  readonly isQuoted: boolean;
}

const NAME = /(?:^|\/)(?:nginx|openresty|conf\.d|sites-(?:available|enabled)|snippets)(?:[./-]|$)|\.nginx(?:\.|$)/i;

/** True for files that hold nginx or OpenResty configuration, templates of it included. */
function isNginx({ path, text }: SourceFile): boolean {
  if (/(?:^|\/)sites-(?:available|enabled)\/[^/.]+$/.test(path)) return true;
  if (!/\.(?:conf|nginx|erb|tmpl|template|j2|tpl|inc|ctmpl)$|nginx/i.test(baseName(path))) return false;
  return NAME.test(path) || /^\s*(?:proxy_pass|server\s*\{|upstream\s+\S+\s*\{|location\s)/m.test(text);
}

/** nginx and OpenResty in front of an app, behind a balancer that routes by Host and has ended TLS already. */
export const checkNginx: SourceCheck = (file, _context, findings) => {
  if (!isNginx(file)) return;
  const tree = parse(tokenize(file.text));
  const localUpstreams = listLocalUpstreams(tree);
  visit(tree, [], { findings, localUpstreams, isConditional: false });
};

interface Scope {
  readonly findings: FindingList;
  readonly localUpstreams: ReadonlySet<string>;
  /** True inside an `if` on X-Forwarded-Proto. */
  readonly isConditional: boolean;
}

function visit(block: readonly Directive[], inherited: readonly Directive[], scope: Scope): void {
  const own = block.filter(({ name }) => name === 'proxy_set_header');
  // Headers of an outer block count only where the inner one sets none of its own.
  const headers = own.length > 0 ? own : inherited;
  for (const directive of block) {
    if (directive.name === 'proxy_pass') checkProxyPass(directive, headers, scope);
    if (directive.name === 'listen' && directive.args.includes('proxy_protocol')) {
      report(scope.findings, 'choice', 'proxy-protocol', {
        line: directive.line,
        message:
          'nginx expects PROXY protocol here; balancers of generation 2 do not send it, and every request would fail.',
        hint: 'Remove proxy_protocol, and take the client address from X-Forwarded-For (real_ip_header X-Forwarded-For).',
      });
    }
    if (directive.name === 'return' || directive.name === 'rewrite') checkRedirect(directive, scope);
    if (directive.block !== undefined) {
      const isProtoCheck = directive.name === 'if' && /x_forwarded_proto/i.test(directive.args.join(' '));
      visit(directive.block, headers, { ...scope, isConditional: scope.isConditional || isProtoCheck });
    }
  }
}

function checkProxyPass(pass: Directive, headers: readonly Directive[], { findings, localUpstreams }: Scope): void {
  const [target = ''] = pass.args;
  if (isLocal(target, localUpstreams)) return;
  for (const { args, line } of headers) {
    const [header = '', value = ''] = args;
    if (header.toLowerCase() === 'host' && /^\$\{?(?:host|http_host)\}?$/.test(value)) {
      report(findings, 'choice', 'proxy-host-header', {
        line,
        message: `The original Host goes on to the proxy_pass of line ${pass.line}; behind a generation 2 balancer, which routes by Host, the request comes back here or gets a 404.`,
        hint: 'For a linked service remove this header (nginx then sends the name in proxy_pass), use https:// of its URL, and proxy_ssl_server_name on.',
      });
    }
    if (header.toLowerCase() === 'x-forwarded-for' && value.includes('$proxy_add_x_forwarded_for')) {
      report(findings, 'choice', 'proxy-forwarded-for', {
        line,
        message:
          'X-Forwarded-For gets one more address here, and the balancers add theirs: its last entry is no longer the client.',
        hint: 'Trust the balancer (set_real_ip_from VPC range, real_ip_header X-Forwarded-For, real_ip_recursive on), and have the app count trusted proxies.',
      });
    }
  }
}

/** TLS ends at the balancer, so to nginx each request is http: an unconditional redirect never ends. */
function checkRedirect({ args, line }: Directive, { findings, isConditional }: Scope): void {
  if (!args.some((arg) => arg.startsWith('https://')) || isConditional) return;
  report(findings, 'choice', 'proxy-scheme', {
    line,
    message:
      'Requests are redirected to https although TLS ended at the balancer: on the port the balancer uses this never ends, and the health check gets a 301.',
    hint: 'Redirect only if $http_x_forwarded_proto is "http", and never on the health path.',
  });
}

function isLocal(target: string, localUpstreams: ReadonlySet<string>): boolean {
  const host = target.replace(/^https?:\/\//, '').replace(/[:/].*$/, '');
  return (
    /^(?:unix|localhost|127\.0\.0\.1|0\.0\.0\.0|\[?::1\]?)$/.test(host) ||
    target.includes('unix:') ||
    localUpstreams.has(host)
  );
}

function listLocalUpstreams(tree: readonly Directive[]): ReadonlySet<string> {
  const found = new Set<string>();
  const walk = (block: readonly Directive[]): void => {
    for (const { name, args, block: inner } of block) {
      if (inner === undefined) continue;
      const servers = inner.filter((directive) => directive.name === 'server');
      const areLocal = servers.every((server) => isLocal(server.args[0] ?? '', new Set()));
      if (name === 'upstream' && servers.length > 0 && areLocal) found.add(args[0] ?? '');
      walk(inner);
    }
  };
  walk(tree);
  return found;
}

/** Words, braces and semicolons of an nginx configuration, without comments. */
function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let line = 1;
  for (const [piece] of text.matchAll(
    /\n|#[^\n]*|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[;{}]|(?:\$\{\w*\}|[^\s;{}"'#])(?:\$\{\w*\}|[^\s;{}])*/gs,
  )) {
    const isQuoted = /^["']/.test(piece);
    if (piece !== '\n' && !piece.startsWith('#'))
      tokens.push({ text: isQuoted ? piece.slice(1, -1) : piece, line, isQuoted });
    line += piece.split('\n').length - 1;
  }
  return tokens;
}

/** Deepest block that is looked at; real files need five. */
const MAX_DEPTH = 50;

function parse(tokens: readonly Token[]): readonly Directive[] {
  let at = 0;
  const block = (depth: number): readonly Directive[] => {
    const directives: Directive[] = [];
    let words: Token[] = [];
    const finish = (inner?: readonly Directive[]): void => {
      const [first, ...rest] = words;
      if (first !== undefined)
        directives.push({ name: first.text, args: rest.map(({ text }) => text), line: first.line, block: inner });
      words = [];
    };
    for (let token = tokens[at++]; token !== undefined; token = tokens[at++]) {
      if (token.isQuoted || !/^[;{}]$/.test(token.text)) words.push(token);
      else if (token.text === ';') finish();
      else if (token.text === '}') break;
      else finish(depth < MAX_DEPTH ? block(depth + 1) : undefined);
    }
    finish();
    return directives;
  };
  return block(0);
}
