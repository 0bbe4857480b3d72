import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** The generation-1 manifest of `shop`: a public web server, an internal API, a worker with a nightly job. */
const SHOP_COMPOSE = `version: "2"
services:
  web:
    build: ./web
    links:
      - api
    ports:
      - 80:8080
      - 443:8080
    labels:
      - convox.port.80.protocol=http
      - convox.port.443.protocol=https
      - convox.health.path=/health
      - convox.draining.timeout=30
  api:
    build: ./api
    ports:
      - "80"
    labels:
      - convox.port.80.protocol=http
      - convox.health.path=/health
  worker:
    build: ./worker
    command: bin/work
    labels:
      - convox.cron.nightly=0 3 * * ? bin/nightly
`;

const NGINX_CONF = `# API_URL is tcp://HOST:PORT in generation 1 and https://HOST in generation 2; start.sh writes it in here.
server {
  listen 8080;

  location = /health {
    return 200 "ok\\n";
  }

  location /api/ {
    proxy_pass @API_URL@;
    proxy_set_header Host $proxy_host;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
  }

  location / {
    root /usr/share/nginx/html;
  }
}
`;

const START_SH = `#!/bin/sh
sed -i "s|@API_URL@|$(echo "$API_URL" | sed 's|^tcp:|http:|')|" /etc/nginx/conf.d/default.conf
exec nginx -g 'daemon off;'
`;

/** Every file of the source tree, by path. `program.json` is how the sandbox's processes of a service behave. */
export const SHOP_FILES: ReadonlyMap<string, string> = new Map([
  ['.dockerignore', '.git\nnode_modules\n*.log\n'],
  ['docker-compose.yml', SHOP_COMPOSE],
  [
    'web/Dockerfile',
    'FROM nginx:1.25\nCOPY nginx.conf /etc/nginx/conf.d/default.conf\nCOPY html /usr/share/nginx/html\nCOPY start.sh /start.sh\nCMD ["/start.sh"]\n',
  ],
  ['web/nginx.conf', NGINX_CONF],
  ['web/start.sh', START_SH],
  ['web/html/index.html', '<!doctype html>\n<title>Shop</title>\n<h1>Shop</h1>\n'],
  ['web/program.json', json({ bootSeconds: 4, proxies: { '/api': 'API_URL' }, latencyMs: 1 })],
  ['api/Dockerfile', 'FROM node:20-slim\nCOPY server.mjs /server.mjs\nCMD ["node", "/server.mjs"]\n'],
  [
    'api/server.mjs',
    "import { createServer } from 'node:http';\n\ncreateServer((_, reply) => reply.end('ok\\n')).listen(80);\n",
  ],
  ['api/program.json', json({ bootSeconds: 4, latencyMs: 2 })],
  ['worker/Dockerfile', 'FROM node:20-slim\nCOPY bin /bin/worker\n'],
  ['worker/bin/work', '#!/bin/sh\nwhile true; do sleep 60; done\n'],
  ['worker/bin/nightly', '#!/bin/sh\necho nightly\n'],
  ['worker/program.json', json({ bootSeconds: 2 })],
]);

/** Writes the source tree of `shop` into a folder, which is made if it is not there. */
export async function writeShopSource(folder: string): Promise<void> {
  for (const [path, content] of SHOP_FILES) {
    const file = join(folder, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
  }
}

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
