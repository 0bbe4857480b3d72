import { describe, expect, it } from 'vitest';
import { readGen1Manifest } from '../../../src/manifest/gen1-reader.ts';
import { checkSources, MAX_FILE_CHARACTERS } from '../../../src/manifest/source-checks/check-sources.ts';
import type { CheckSourcesOptions } from '../../../src/manifest/source-checks/check-sources.ts';
import { dedent } from '../support/conversion.ts';

const { manifest } = readGen1Manifest(
  'web: {image: x, links: [api, my-db]}\napi: {image: y, ports: [80]}\nmy-db: {image: z, ports: [80]}\n',
);
const WITH_LINKS: CheckSourcesOptions = manifest === undefined ? {} : { manifest };

async function check(
  files: Readonly<Record<string, string>>,
  options: CheckSourcesOptions = WITH_LINKS,
): Promise<readonly string[]> {
  const source = {
    listFiles: () => Promise.resolve(Object.keys(files)),
    readFile: (path: string) => Promise.resolve(files[path]!),
  };
  const findings = await checkSources(source, options, new AbortController().signal);
  return findings.map(({ file, line, code }) => `${file ?? ''}:${String(line)} ${code}`);
}

/** A file and where what must be found. */
const CASES: Readonly<
  Record<string, { readonly file: string; readonly text: string; readonly found: readonly string[] }>
> = {
  'nginx that forwards Host to another service': {
    file: 'nginx.conf',
    text: `
      server {
        listen 80;
        location / {
          proxy_set_header Host $host; # as usual
          proxy_pass http://api.example.com;
        }
      }
    `,
    found: ['4 proxy-host-header'],
  },
  'nginx that forwards $http_host, set in an outer block': {
    file: 'conf.d/default.conf',
    text: `
      proxy_set_header Host "$http_host";
      server {
        location / { proxy_pass https://\${API_HOST}; }
      }
    `,
    found: ['1 proxy-host-header', '3 link-variable-read'],
  },
  'nginx whose inner block sets headers of its own': {
    file: 'nginx.conf',
    text: `
      proxy_set_header Host $host;
      location / {
        proxy_set_header X-Real-IP $remote_addr;
        proxy_pass http://api;
      }
    `,
    found: [],
  },
  'nginx that forwards Host to the app in the same container': {
    file: 'nginx.conf',
    text: `
      upstream app { server unix:/tmp/app.sock; server 127.0.0.1:3000; }
      location /a { proxy_set_header Host $host; proxy_pass http://app; }
      location /b { proxy_set_header Host $host; proxy_pass http://localhost:3000; }
    `,
    found: [],
  },
  'nginx that sets the name of the service as Host': {
    file: 'nginx.conf',
    text: 'location / { proxy_set_header Host api.example.com; proxy_pass https://api.example.com; }',
    found: [],
  },
  'nginx that appends to X-Forwarded-For': {
    file: 'docker/nginx/site.conf.tmpl',
    text: `
      location / {
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_pass http://api;
      }
    `,
    found: ['2 proxy-forwarded-for'],
  },
  'nginx that expects PROXY protocol': {
    file: 'nginx.conf',
    text: 'server { listen 80 proxy_protocol; }',
    found: ['1 proxy-protocol'],
  },
  'nginx that redirects everything to https': {
    file: 'sites-enabled/shop',
    text: `
      server {
        listen 80;
        return 301 https://$host$request_uri;
      }
    `,
    found: ['3 proxy-scheme'],
  },
  'nginx that redirects by X-Forwarded-Proto': {
    file: 'nginx.conf',
    text: 'server { if ($http_x_forwarded_proto = "http") { return 301 https://$host$request_uri; } }',
    found: [],
  },
  'HAProxy in front of another service': {
    file: 'haproxy.cfg',
    text: `
      defaults
        option forwardfor
      frontend web
        bind :80 accept-proxy
        redirect scheme https if !{ ssl_fc }
      backend api
        server api api.example.com:443 ssl send-proxy
    `,
    found: ['2 proxy-forwarded-for', '4 proxy-protocol', '5 proxy-scheme', '7 proxy-host-header', '7 proxy-protocol'],
  },
  'HAProxy that does it right': {
    file: 'haproxy.cfg',
    text: `
      defaults
        option forwardfor if-none
      frontend web
        bind :80
        # bind :81 accept-proxy
        redirect scheme https if { hdr(X-Forwarded-Proto) http }
      backend api
        http-request set-header Host api.example.com
        server api api.example.com:443 ssl sni str(api.example.com)
      backend app
        server app 127.0.0.1:3000
    `,
    found: [],
  },
  'a Dockerfile with an ARG that nobody fills': {
    file: 'docker/Dockerfile.web',
    text: `
      FROM ruby:2.4
      ARG GEM_TOKEN
      ARG RAILS_ENV=production
      # ARG COMMENTED
      ARG HTTP_PROXY
    `,
    found: ['2 dockerfile-arg'],
  },
  'reads of link variables in several languages': {
    file: 'lib/clients.rb',
    text: `
      host = ENV["API_HOST"]
      port = ENV.fetch('API_PORT', 80)
      # ENV["API_SCHEME"]
      url  = ENV["API_URL"]
      db   = "#{ENV['MY_DB_USERNAME']}:#{ENV['MY_DB_PASSWORD']}"
      other = ENV["RAPI_HOST"] + ENV["API_HOSTS"]
    `,
    found: ['1 link-variable-read', '2 link-variable-read', '5 link-variable-read'],
  },
  'the tool of the secure environment': {
    file: 'bin/entrypoint.sh',
    text: '#!/bin/sh\ncurl "$SECURE_ENVIRONMENT_URL" | decrypt "$SECURE_ENVIRONMENT_KEY"\n',
    found: ['2 secure-environment-tool'],
  },
  'a read of PROCESS': { file: 'app.py', text: 'name = os.environ["PROCESS"]\n', found: ['1 env-process'] },
  'something else called PROCESS': { file: 'app.py', text: 'PROCESS = 1\nprocess.env.PROCESS_ID\n', found: [] },
  'Django with a list of hosts': {
    file: 'shop/settings/production.py',
    text: `
      ALLOWED_HOSTS = [
          "shop.example.com",
      ]
    `,
    found: ['1 host-allow-list'],
  },
  'Django open to all hosts': { file: 'shop/settings.py', text: 'ALLOWED_HOSTS = ["*"]\n', found: [] },
  'Django that redirects to https': {
    file: 'shop/settings.py',
    text: 'SECURE_SSL_REDIRECT = True\n',
    found: ['1 proxy-scheme'],
  },
  'Django that exempts a path': {
    file: 'shop/settings.py',
    text: 'SECURE_SSL_REDIRECT = True\nSECURE_REDIRECT_EXEMPT = [r"^check$"]\n',
    found: [],
  },
  'Django that does not redirect': { file: 'shop/settings.py', text: 'SECURE_SSL_REDIRECT = False\n', found: [] },
  'Rails with a list of hosts and force_ssl': {
    file: 'config/environments/production.rb',
    text: `
      Rails.application.configure do
        config.hosts << "shop.example.com"
        config.force_ssl = true
      end
    `,
    found: ['2 host-allow-list', '3 proxy-scheme'],
  },
  'Rails that exempts the health path': {
    file: 'config/environments/production.rb',
    text: `
      config.hosts << "shop.example.com"
      config.host_authorization = { exclude: ->(request) { request.path == "/check" } }
      config.ssl_options = { redirect: { exclude: ->(request) { request.path == "/check" } } }
      config.force_ssl = true
    `,
    found: [],
  },
  'Rails in development': { file: 'config/environments/development.rb', text: 'config.hosts << "x"\n', found: [] },
  'Express that redirects to https': {
    file: 'server.js',
    text: 'app.use(enforce.HTTPS())\n',
    found: ['1 proxy-scheme'],
  },
};

describe('the checks of the source', () => {
  it.each(Object.entries(CASES))('%s', async (_, { file, text, found }) => {
    expect(await check({ [file]: dedent(text) })).toEqual(found.map((finding) => `${file}:${finding}`));
  });

  it('say what the app environment makes of an ARG and of a link variable', async () => {
    const files = { Dockerfile: 'ARG TOKEN\nARG NONE=1\n', 'a.js': 'process.env.API_HOST\n' };
    const source = {
      listFiles: () => Promise.resolve(Object.keys(files)),
      readFile: (path: 'Dockerfile' | 'a.js') => Promise.resolve(files[path]),
    };
    const options = { ...WITH_LINKS, envNames: ['TOKEN', 'API_HOST'] };

    const findings = await checkSources(source, options, new AbortController().signal);

    expect(findings).toMatchObject([{ code: 'dockerfile-arg', severity: 'info', file: 'Dockerfile', line: 1 }]);
  });

  it('leave out what is not deployed source: dependencies, binaries, lock files, documents, the manifest itself', async () => {
    const text = 'API_HOST=1\n';
    const files = Object.fromEntries(
      [
        'node_modules/a/index.js',
        'vendor/b.rb',
        '.git/config',
        'logo.png',
        'yarn.lock',
        'README.md',
        'docker-compose.yml',
      ].map((path) => [path, text]),
    );

    expect(await check(files)).toEqual([]);
  });

  it('leave out large and binary files', async () => {
    expect(
      await check({
        'a.js': `API_HOST\n${'x'.repeat(MAX_FILE_CHARACTERS)}`,
        'b.js': 'API_HOST\u0000',
        'c.js': `${'x'.repeat(3000)} API_HOST`,
      }),
    ).toEqual([]);
  });

  it('report a file a few times, not a thousand', async () => {
    expect(await check({ 'a.js': 'API_HOST\n'.repeat(1000) })).toHaveLength(10);
  });

  it('survive configurations that are no configurations', async () => {
    const texts = [
      '{'.repeat(10_000),
      '}'.repeat(1000),
      '"',
      "'a",
      'a { b { c',
      ';;;;',
      'proxy_pass',
      `location ${'x'.repeat(100_000)} {`,
    ];
    const files = Object.fromEntries(texts.map((text, index) => [`nginx/${index}.conf`, text]));

    expect(await check(files)).toEqual([]);
  });

  it('stop when they are told to', async () => {
    const controller = new AbortController();
    const source = {
      listFiles: () => Promise.resolve(['a.js', 'b.js']),
      readFile: () => {
        controller.abort();
        return Promise.resolve('');
      },
    };

    await expect(checkSources(source, WITH_LINKS, controller.signal)).rejects.toMatchObject({ code: 'STOPPED' });
  });
});
