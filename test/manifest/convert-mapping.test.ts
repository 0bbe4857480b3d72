import { describe } from 'vitest';
import { at, before, R2017, itConverts, type Case } from './support/conversion.ts';

/** One line a row of the mapping from generation 1 to generation 2: input and expected output side by side. */
const CASES: Readonly<Record<string, Case>> = {
  'the version is read and not written': {
    gen1: 'image: nginx',
    gen2: 'image: nginx',
    books: { version: 'mapped', services: 'mapped', 'services.web': 'mapped' },
  },
  'v1 syntax, without a version, gives the same': {
    gen1: `
      web:
        image: nginx
    `,
    gen2: 'image: nginx',
    books: { web: 'mapped', 'web.image': 'mapped' },
  },
  'a build path stays a path': { gen1: 'build: ./api', gen2: 'build: ./api' },
  'a build context becomes the build path': { gen1: 'build: {context: ./api}', gen2: 'build: ./api' },
  'a service with neither image nor build is built from the root': {
    gen1: 'command: bin/web',
    gen2: '{build: ., command: bin/web}',
  },
  'another Dockerfile becomes build.manifest, with the path even when it is the root': {
    gen1: 'build: {dockerfile: Dockerfile.web}',
    gen2: 'build: {path: ., manifest: Dockerfile.web}',
    books: { 'services.web.build.dockerfile': 'mapped' },
    rack: at('buildManifest'),
    options: { app: { name: 'shop', envNames: [] } },
  },
  'the dockerfile key of v1 syntax means the same': {
    gen1: '{build: ./api, dockerfile: Dockerfile.web}',
    gen2: 'build: {path: ./api, manifest: Dockerfile.web}',
  },
  'another Dockerfile blocks on a rack that knows only Dockerfile': {
    gen1: 'build: {dockerfile: Dockerfile.web}',
    gen2: null,
    rack: R2017,
    says: ['blocker dockerfile-unsupported'],
    books: { 'services.web.build.dockerfile': 'decision' },
  },
  'another Dockerfile that was renamed is built on a rack that knows only Dockerfile': {
    gen1: 'build: {dockerfile: Dockerfile.web}',
    gen2: 'build: .',
    rack: R2017,
    options: { answers: { 'web.dockerfile': 'renamed' } },
    says: ['change dockerfile-unsupported'],
  },
  'a file called Dockerfile needs no key': {
    gen1: 'build: {context: ./a, dockerfile: Dockerfile}',
    gen2: 'build: ./a',
  },
  'build arguments block until someone says where they come from': {
    gen1: 'build: {context: ., args: {RUBY: 2}}',
    gen2: null,
    says: ['blocker build-args'],
    books: { 'services.web.build.args.RUBY': 'decision' },
  },
  'build arguments of the app environment won before and still do': {
    gen1: 'build: {context: ., args: [RUBY=2]}',
    gen2: 'build: .',
    options: { app: { name: 'shop', envNames: ['RUBY'] } },
    isSilentAbout: ['build-args'],
    books: { 'services.web.build.args[0]': 'mapped' },
  },
  'build arguments can be promised or dropped': {
    gen1: 'build: {context: ., args: [RUBY=2, OLD]}',
    gen2: 'build: .',
    options: { answers: { 'web.args.RUBY': 'in-app-env', 'web.args.OLD': 'drop' } },
    says: ['change build-args'],
    books: { 'services.web.build.args[0]': 'changed', 'services.web.build.args[1]': 'impossible' },
  },
  'an image wins over a build': {
    gen1: '{image: "nginx:1.13", build: .}',
    gen2: 'image: nginx:1.13',
    books: { 'services.web.build': 'dropped', 'services.web.image': 'mapped' },
  },
  'a command text stays, with $$X as $X': {
    gen1: 'command: echo $$HOME && date',
    gen2: '{build: ., command: "echo $HOME && date"}',
  },
  'a command that the template of old racks mangles blocks there': {
    gen1: 'command: a && b',
    gen2: null,
    rack: before('plainCommands'),
    says: ['blocker command-unsafe-on-rack'],
  },
  'a command that old racks mangle is replaced by an answer': {
    gen1: 'command: a && b',
    gen2: '{build: ., command: bin/both}',
    rack: before('plainCommands'),
    options: { answers: { 'web.command': 'bin/both' }, app: { name: 'shop', envNames: ['A'] } },
    says: ['change command-unsafe-on-rack'],
  },
  'a command list stays a list where racks take one': {
    gen1: 'command: [bin/web, --name, my app]',
    gen2: '{build: ., command: [bin/web, --name, my app]}',
    rack: at('commandList'),
    isSilentAbout: ['command-list-to-string'],
  },
  'a command list becomes a quoted shell string on older racks': {
    gen1: 'command: [bin/web, --name, my app]',
    gen2: `{build: ., command: "exec bin/web --name 'my app'"}`,
    rack: before('commandList'),
    says: ['change command-list-to-string'],
    books: { 'services.web.command': 'changed' },
  },
  'an entrypoint that old racks ignored is left out': {
    gen1: '{image: x, entrypoint: /run}',
    gen2: 'image: x',
    rack: before('gen1Entrypoint'),
    says: ['info entrypoint-lost'],
    books: { 'services.web.entrypoint': 'dropped' },
  },
  'an entrypoint that had an effect blocks': {
    gen1: '{image: x, entrypoint: /run}',
    gen2: null,
    rack: at('gen1Entrypoint'),
    says: ['blocker entrypoint-lost'],
  },
  'an entrypoint that moved to the Dockerfile is left out': {
    gen1: '{image: x, entrypoint: /run}',
    gen2: 'image: x',
    options: { answers: { 'web.entrypoint': 'in-dockerfile' } },
    books: { 'services.web.entrypoint': 'impossible' },
  },
  'a default value stays a default value': {
    gen1: '{image: x, environment: {A: v, B: 010, C: "010"}}',
    gen2: '{image: x, environment: ["*", A=v, B=8, "C=010"]}',
  },
  'a default with "=" stays where racks keep it': {
    gen1: '{image: x, environment: ["U=http://h?a=b"]}',
    gen2: '{image: x, environment: ["*", "U=http://h?a=b"]}',
    rack: at('defaultsWithEquals'),
  },
  'a default with "=" blocks where racks lose it': {
    gen1: '{image: x, environment: ["U=http://h?a=b"]}',
    gen2: null,
    rack: before('defaultsWithEquals'),
    says: ['blocker env-equals-default'],
  },
  'a default with "=" is not needed when the app environment has the name': {
    gen1: '{image: x, environment: ["U=http://h?a=b"]}',
    gen2: 'image: x',
    rack: before('defaultsWithEquals'),
    options: { app: { name: 'shop', envNames: ['U'] } },
  },
  'a default with "=" can be promised for the app environment': {
    gen1: '{image: x, environment: ["U=http://h?a=b"]}',
    gen2: '{image: x, environment: [U]}',
    rack: R2017,
    options: { app: { name: 'shop', envNames: [] }, answers: { 'web.environment.U': 'in-app-env' } },
  },
  'an empty default stays unset': {
    gen1: '{image: x, environment: [A=]}',
    gen2: 'image: x',
    says: ['info env-empty-default'],
    options: { app: { name: 'shop', envNames: [] } },
  },
  'an empty default of a variable the app has is delivered': {
    gen1: '{image: x, environment: [A=]}',
    gen2: '{image: x, environment: [A]}',
    rack: R2017,
    options: { app: { name: 'shop', envNames: ['A'] } },
  },
  'a bare name that the app has is required': {
    gen1: '{image: x, environment: [A]}',
    gen2: '{image: x, environment: [A]}',
    rack: R2017,
    options: { app: { name: 'shop', envNames: ['A'] } },
  },
  'a bare name that the app lacks is left out, or the build would fail': {
    gen1: '{image: x, environment: [A]}',
    gen2: 'image: x',
    options: { app: { name: 'shop', envNames: ['B'] } },
    says: ['change env-required-missing'],
    books: { 'services.web.environment[0]': 'changed' },
  },
  'undeclared variables of the app come with "*"': {
    gen1: 'image: x',
    gen2: 'image: x',
    options: { app: { name: 'shop', envNames: ['A'] } },
    says: ['info env-undeclared'],
  },
  'undeclared variables of the app are listed on racks without "*"': {
    gen1: '{image: x, environment: [B=1]}',
    gen2: '{image: x, environment: [B=1, A, C]}',
    rack: R2017,
    options: { app: { name: 'shop', envNames: ['C', 'A'] } },
    says: ['change env-undeclared'],
  },
  'keys that no rack reads are reported once and left out': {
    gen1: '{image: x, expose: [80], restart: always, depends_on: [db]}',
    gen2: 'image: x',
    says: ['info ignored-key'],
    books: {
      'services.web.expose': 'dropped',
      'services.web.restart': 'dropped',
      'services.web.depends_on[0]': 'dropped',
    },
  },
  'extra hosts block': {
    gen1: '{image: x, extra_hosts: ["a:1.2.3.4"]}',
    gen2: null,
    says: ['blocker extra-hosts'],
  },
  'extra hosts that are not needed any more are left out': {
    gen1: '{image: x, extra_hosts: ["a:1.2.3.4"]}',
    gen2: 'image: x',
    options: { answers: { 'web.extra_hosts': 'not-needed' } },
    books: { 'services.web.extra_hosts': 'impossible' },
  },
  'labels that are not of Convox had no effect': {
    gen1: '{image: x, labels: [com.example.team=shop, convox.domain=a.b]}',
    gen2: 'image: x',
    books: { 'services.web.labels[0]': 'dropped', 'services.web.labels[1]': 'dropped' },
  },
  'a link to a service with an HTTP port stays a link with another URL': {
    gen1: `
      web: {image: x, links: [api]}
      api: {image: y, ports: ["80:3000"]}
    `,
    gen2: '{image: x, links: [api]}',
    says: ['change link-url-changed', 'change link-vars-lost'],
    books: { 'web.links[0]': 'changed' },
  },
  'a link to a service without HTTP blocks': {
    gen1: `
      web: {image: x, links: [api]}
      api: {image: y, ports: ["22:22"]}
    `,
    gen2: null,
    says: ['blocker link-no-http'],
    options: { answers: { 'api.port': 'none' } },
  },
  'a link to a service that never had a balancer gave nothing and is dropped': {
    gen1: `
      web: {image: x, links: [api]}
      api: {image: y, ports: ["80:80"], labels: [convox.balancer=false]}
    `,
    gen2: 'image: x',
    options: { answers: { 'api.port.80': 'drop' } },
    books: { 'web.links[0]': 'dropped' },
  },
  'a link to a database that becomes a resource becomes a use of it': {
    gen1: `
      web: {image: x, links: [database]}
      database: {image: convox/postgres, ports: [5432]}
    `,
    gen2: '{image: x, resources: [database]}',
    options: { answers: { 'database.database': 'resource' } },
    says: ['change link-vars-lost', 'change resource-created', 'choice data-not-migrated'],
  },
  'LINK_ variables mean nothing and are left out': {
    gen1: '{image: x, environment: [LINK_SCHEME=http]}',
    gen2: 'image: x',
    says: ['change link-overrides-dropped'],
    books: { 'services.web.environment[0]': 'impossible' },
  },
  'services may link in a circle': {
    gen1: `
      web: {image: x, ports: ["80:1"], links: [api]}
      api: {image: y, ports: ["80:2"], links: [web]}
    `,
    says: ['info link-circular'],
  },
  'the formation of the running app becomes the scale': {
    gen1: '{image: x, mem_limit: 512m}',
    gen2: '{image: x, scale: {count: 3, cpu: 64, memory: 1024}}',
    options: { app: { name: 'shop', formation: { web: { count: 3, cpu: 64, memory: 1024 } } } },
    says: ['info scale-from-formation'],
    books: { 'services.web.mem_limit': 'dropped' },
  },
  'without a formation mem_limit and cpu_shares become the initial scale, in MiB': {
    gen1: '{image: x, mem_limit: 512m, cpu_shares: 128}',
    gen2: '{image: x, scale: {cpu: 128, memory: 512}}',
    says: ['choice scale-from-manifest'],
    books: { 'services.web.mem_limit': 'changed', 'services.web.cpu_shares': 'changed' },
  },
  'a cpu of 0 is not written': {
    gen1: 'image: x',
    gen2: '{image: x, scale: {count: 1, memory: 256}}',
    options: { app: { name: 'shop', formation: { web: { count: 1, cpu: 0, memory: 256 } } } },
  },
  'cpu and memory are not written for racks that ignore them': {
    gen1: 'image: x',
    gen2: '{image: x, scale: 2}',
    rack: before('scaleResources'),
    options: { app: { name: 'shop', formation: { web: { count: 2, cpu: 64, memory: 1024 } } } },
    says: ['change scale-ignored-on-rack'],
  },
  'a count of 0 stays 0': {
    gen1: 'image: x',
    gen2: '{image: x, scale: {count: 0, memory: 256}}',
    options: { app: { name: 'shop', formation: { web: { count: 0, cpu: 0, memory: 256 } } } },
  },
  'networks had an effect in local runs only': {
    gen1: `
      version: "2"
      networks: {default: {external: {name: x}}}
      services: {web: {image: x}}
    `,
    gen2: 'image: x',
    books: { networks: 'dropped', 'networks.default.external.name': 'dropped' },
  },
  'one public pair becomes the port': {
    gen1: '{image: x, ports: ["80:3000"], labels: [convox.health.path=/check]}',
    gen2: '{image: x, port: 3000, health: /check}',
    says: ['info listener-added'],
    books: { 'services.web.ports[0]': 'mapped' },
  },
  '80 and 443 to one container port become one port': {
    gen1: '{image: x, ports: ["80:3000", "443:3000"], labels: [convox.port.443.protocol=https, convox.health.path=/c]}',
    gen2: '{image: x, port: 3000, health: /c}',
    isSilentAbout: ['listener-added', 'port-choice'],
  },
  'only 443 is served on 80 as well': {
    gen1: '{image: x, ports: ["443:3000"], labels: [convox.port.443.protocol=https, convox.health.path=/c]}',
    gen2: '{image: x, port: 3000, health: /c}',
    says: ['info listener-added'],
  },
  'a public port that is neither 80 nor 443 moves there': {
    gen1: '{image: x, ports: ["8080:3000"], labels: [convox.port.8080.protocol=http, convox.health.path=/c]}',
    gen2: '{image: x, port: 3000, health: /c}',
    says: ['choice public-port-changed'],
    books: { 'services.web.ports[0]': 'changed' },
  },
  'a single port number becomes internal': {
    gen1: '{image: x, ports: ["3000"], labels: [convox.port.3000.protocol=http, convox.health.path=/c]}',
    gen2: '{image: x, port: 3000, internal: true, health: /c}',
    says: ['change internal-port-changed'],
  },
  'an internal port of another protocol blocks': {
    gen1: '{image: x, ports: ["5432"]}',
    gen2: null,
    rack: before('nlb'),
    says: ['blocker port-not-http'],
    books: { 'services.web.ports[0]': 'decision' },
  },
  'an internal port of another protocol can use a network balancer': {
    gen1: '{image: x, ports: ["5432"]}',
    gen2: '{image: x, nlb: [{port: 5432, protocol: tcp, containerPort: 5432, scheme: internal}]}',
    rack: at('nlb'),
    options: { answers: { 'web.port': 'nlb' } },
    says: ['change nlb-needs-rack'],
  },
  'a public port of another protocol can use a network balancer': {
    gen1: '{image: x, ports: ["1883:1883"]}',
    gen2: '{image: x, nlb: [{port: 1883, protocol: tcp, containerPort: 1883, scheme: public}]}',
    options: { answers: { 'web.port': 'nlb' } },
    books: { 'services.web.ports[0]': 'changed' },
  },
  'more than one HTTP port in use blocks': {
    gen1: '{image: x, ports: ["80:3000", "8080:4000"], labels: [convox.port.80.protocol=http, convox.health.path=/c]}',
    gen2: null,
    says: ['blocker port-dropped'],
  },
  'a second port can be dropped': {
    gen1: '{image: x, ports: ["80:3000", "8080:4000"], labels: [convox.port.80.protocol=http, convox.health.path=/c]}',
    gen2: '{image: x, port: 3000, health: /c}',
    options: { answers: { 'web.port.8080': 'drop' } },
    books: { 'services.web.ports[0]': 'mapped', 'services.web.ports[1]': 'impossible' },
  },
  'UDP blocks on a service that is no agent': {
    gen1: '{image: x, ports: ["514:6000/udp"]}',
    gen2: null,
    says: ['blocker udp'],
  },
  'UDP can be dropped': {
    gen1: '{image: x, ports: ["514:6000/udp"]}',
    gen2: 'image: x',
    options: { answers: { 'web.port.514.udp': 'drop' } },
  },
  'protocol http and https are what generation 2 speaks': {
    gen1: '{image: x, ports: ["80:3000"], labels: [convox.port.80.protocol=http, convox.health.path=/c]}',
    isSilentAbout: ['protocol-tcp-to-http'],
    books: { 'services.web.labels[0]': 'mapped' },
  },
  'protocol tls, tcp and none become an HTTP proxy': {
    gen1: '{image: x, ports: ["80:3000", "443:3000"], labels: [convox.port.443.protocol=tls]}',
    says: ['change protocol-tcp-to-http'],
    books: { 'services.web.labels[0]': 'changed' },
  },
  'secure becomes the scheme https': {
    gen1: '{image: x, ports: ["443:8443"], labels: [convox.port.443.protocol=https, convox.port.443.secure=true, convox.health.path=/c]}',
    gen2: '{image: x, port: "https:8443", health: /c}',
  },
  'TCP on 443 without a certificate may be TLS in the container, and has to be asked': {
    gen1: '{image: x, ports: ["443:8443"], labels: [convox.health.path=/c]}',
    gen2: null,
    says: ['blocker tls-backend'],
  },
  'TCP on 443 with TLS in the container becomes https on an answer': {
    gen1: '{image: x, ports: ["443:8443"], labels: [convox.health.path=/c]}',
    gen2: '{image: x, port: "https:8443", health: /c}',
    options: { answers: { 'web.port': 'https:8443' } },
  },
  'a certificate on port 443 shows that TLS ended at the balancer': {
    gen1: '{image: x, ports: ["443:8443"], labels: [convox.health.path=/c]}',
    gen2: '{image: x, port: 8443, health: /c}',
    options: { app: { name: 'shop', parameters: { WebPort443Listener: '12345,arn:aws:acm:x' } } },
  },
  'PROXY protocol blocks': {
    gen1: '{image: x, ports: ["80:3000"], labels: [convox.port.80.proxy=true]}',
    gen2: null,
    says: ['blocker proxy-protocol'],
  },
  'PROXY protocol that is not needed is left out': {
    gen1: '{image: x, ports: ["80:3000"], labels: [convox.port.80.proxy=true, convox.health.path=/c]}',
    gen2: '{image: x, port: 3000, health: /c}',
    options: { answers: { 'web.proxy': 'not-needed' } },
    books: { 'services.web.labels[0]': 'impossible' },
  },
  'the health path stays': {
    gen1: '{image: x, ports: ["80:1"], labels: {convox.health.path: /check}}',
    gen2: '{image: x, port: 1, health: /check}',
    isSilentAbout: ['health-default'],
  },
  'a service without a health path is asked for /': {
    gen1: '{image: x, ports: ["80:1"]}',
    gen2: '{image: x, port: 1, health: /}',
    says: ['choice health-default'],
  },
  'a health timeout brings the interval it had': {
    gen1: '{image: x, ports: ["80:1"], labels: [convox.health.path=/c, convox.health.timeout=10]}',
    gen2: '{image: x, port: 1, health: {path: /c, interval: 12, timeout: 10}}',
  },
  'a health interval brings the timeout it had': {
    gen1: '{image: x, ports: ["80:1"], labels: [convox.health.path=/c, convox.health.interval=20]}',
    gen2: '{image: x, port: 1, health: {path: /c, interval: 20, timeout: 3}}',
  },
  'health numbers AWS would refuse are moved': {
    gen1: '{image: x, ports: ["80:1"], labels: [convox.health.path=/c, convox.health.interval=5, convox.health.timeout=9]}',
    gen2: '{image: x, port: 1, health: {path: /c, interval: 10, timeout: 9}}',
    says: ['change health-interval-adjusted'],
  },
  'a health port other than the service port is a choice': {
    gen1: '{image: x, ports: ["80:1", "443:1", "8080:2"], labels: [convox.port.443.protocol=https, convox.health.port=2]}',
    says: ['choice health-port'],
    options: { answers: { 'web.port.8080': 'drop' } },
    books: { 'services.web.labels[1]': 'changed' },
  },
  'thresholds other than 2 cannot be kept': {
    gen1: '{image: x, ports: ["80:1"], labels: [convox.health.path=/c, convox.health.threshold.unhealthy=5, convox.health.threshold.healthy=2]}',
    gen2: '{image: x, port: 1, health: /c}',
    says: ['change health-threshold'],
    books: { 'services.web.labels[1]': 'impossible', 'services.web.labels[2]': 'mapped' },
  },
  'a grace can be given where racks know one': {
    gen1: '{image: x, ports: ["80:1"], labels: [convox.health.path=/c]}',
    gen2: '{image: x, port: 1, health: {path: /c, grace: 60}}',
    rack: at('healthGrace'),
    options: { answers: { 'web.grace': '60' }, app: { name: 'shop', envNames: [] } },
  },
  'a grace on a rack without one is said': {
    gen1: '{image: x, ports: ["80:1"], labels: [convox.health.path=/c]}',
    gen2: '{image: x, port: 1, health: /c}',
    rack: before('healthGrace'),
    options: { answers: { 'web.grace': '60' }, app: { name: 'shop', envNames: [] } },
    says: ['choice health-grace'],
  },
  'an idle timeout other than the rack’s is lost': {
    gen1: '{image: x, ports: ["80:1"], labels: [convox.idle.timeout=60]}',
    says: ['change idle-timeout'],
    books: { 'services.web.labels[0]': 'impossible' },
  },
  'the default idle timeout is what the rack has': {
    gen1: '{image: x, ports: ["80:1"], labels: [convox.idle.timeout=3600]}',
    isSilentAbout: ['idle-timeout'],
    books: { 'services.web.labels[0]': 'mapped' },
  },
  'draining stays where racks can be told': {
    gen1: '{image: x, ports: ["80:1"], labels: [convox.draining.timeout=10, convox.health.path=/c]}',
    gen2: '{image: x, port: 1, drain: 10, health: /c}',
    rack: at('drain'),
    books: { 'services.web.labels[0]': 'mapped' },
  },
  'draining is fixed at 30 s on older racks': {
    gen1: '{image: x, ports: ["80:1"], labels: [convox.draining.timeout=10, convox.health.path=/c]}',
    gen2: '{image: x, port: 1, health: /c}',
    rack: before('drain'),
    says: ['change drain'],
  },
  'deployment percentages stay where racks can be told': {
    gen1: '{image: x, labels: [convox.deployment.minimum=0, convox.deployment.maximum=100]}',
    gen2: '{image: x, deployment: {minimum: 0, maximum: 100}}',
    rack: at('deployment'),
  },
  'deployment percentages are fixed on older racks': {
    gen1: '{image: x, labels: [convox.deployment.minimum=100]}',
    gen2: 'image: x',
    rack: before('deployment'),
    says: ['change deployment'],
  },
  'a program that must not run twice blocks on racks that would run two': {
    gen1: '{image: x, labels: [convox.deployment.maximum=100]}',
    gen2: null,
    rack: before('deployment'),
    says: ['blocker deployment'],
  },
  'a program that must not run twice can become a singleton': {
    gen1: '{image: x, labels: [convox.deployment.maximum=100]}',
    gen2: '{image: x, singleton: true}',
    rack: at('singleton'),
    options: { answers: { 'web.deployment': 'singleton' } },
  },
  'an agent stays an agent, even with the value false': {
    gen1: '{image: x, labels: [convox.agent=false]}',
    gen2: '{image: x, agent: true}',
    rack: at('agent'),
    says: ['info agent'],
    books: { 'services.web.labels[0]': 'mapped' },
  },
  'a daemon is an agent': { gen1: '{image: x, labels: {convox.daemon: true}}', gen2: '{image: x, agent: true}' },
  'agents block on racks without them': {
    gen1: '{image: x, labels: [convox.agent=true]}',
    gen2: null,
    rack: before('agent'),
    says: ['blocker agent'],
  },
  'agent ports stay where racks publish them': {
    gen1: '{image: x, ports: ["8125/udp"], labels: [convox.agent=true]}',
    gen2: '{image: x, agent: {enabled: true, ports: [8125/udp]}}',
    rack: at('agentPorts'),
  },
  'agent ports block on older racks': {
    gen1: '{image: x, ports: ["8125/udp"], labels: [convox.agent=true]}',
    gen2: null,
    rack: before('agentPorts'),
    says: ['blocker agent-ports'],
  },
  'a service without a balancer has no port': {
    gen1: '{image: x, ports: ["80:80"], labels: [convox.balancer=false]}',
    gen2: 'image: x',
    options: { answers: { 'web.port.80': 'drop' } },
    says: ['change balancer-disabled'],
  },
  'a balancer name is lost': {
    gen1: '{image: x, ports: ["80:80"], labels: [convox.balancer.name=shop]}',
    says: ['change balancer-name'],
    books: { 'services.web.labels[0]': 'impossible' },
  },
  'a balancer name had no effect on older racks': {
    gen1: '{image: x, ports: ["80:80"], labels: [convox.balancer.name=shop]}',
    rack: before('balancerName'),
    isSilentAbout: ['balancer-name'],
    books: { 'services.web.labels[0]': 'dropped' },
  },
  'the secure environment is gone, and so are its variables': {
    gen1: '{image: x, labels: [convox.environment.secure=true]}',
    gen2: 'image: x',
    says: ['change env-secure'],
    books: { 'services.web.labels[0]': 'changed' },
  },
  'the start shift had an effect in local runs only': {
    gen1: '{image: x, labels: [convox.start.shift=100]}',
    gen2: 'image: x',
    books: { 'services.web.labels[0]': 'dropped' },
  },
  'a balancer of generation 1 was not sticky, and stays so where racks can be told': {
    gen1: '{image: x, ports: ["80:1"], labels: [convox.health.path=/c]}',
    gen2: '{image: x, port: 1, health: /c}',
    rack: at('sticky'),
    isSilentAbout: ['sticky'],
  },
  'older racks are always sticky': {
    gen1: '{image: x, ports: ["80:1"], labels: [convox.health.path=/c]}',
    gen2: '{image: x, port: 1, health: /c}',
    rack: before('sticky'),
    says: ['change sticky'],
  },
  'privileged stays where it has an effect': {
    gen1: '{image: x, privileged: true}',
    gen2: '{image: x, privileged: true}',
    rack: at('privileged'),
  },
  'privileged blocks where racks ignore it': {
    gen1: '{image: x, privileged: true}',
    gen2: null,
    rack: before('privileged'),
    says: ['blocker privileged-unsupported'],
  },
  'an absolute volume stays, in another directory': {
    gen1: '{image: x, volumes: ["/data:/var/data", "/cache"]}',
    gen2: '{image: x, volumes: ["/data:/var/data", /cache]}',
    says: ['choice volume-moved'],
    books: { 'services.web.volumes[0]': 'changed' },
  },
  'volumes that generation 1 ignored are not carried over': {
    gen1: '{image: x, volumes: ["./a:/a", "named:/b", "/c:/c:ro", "~/d:/d"]}',
    gen2: 'image: x',
    says: ['info volume-dropped'],
    books: { 'services.web.volumes[2]': 'dropped' },
  },
  'the docker socket is the same path in both': {
    gen1: '{image: x, volumes: ["/var/run/docker.sock:/var/run/docker.sock"]}',
    gen2: '{image: x, volumes: ["/var/run/docker.sock:/var/run/docker.sock"]}',
    isSilentAbout: ['volume-moved'],
  },
  'an app that is all internal becomes internal everywhere': {
    gen1: '{image: x, ports: ["80:1"], labels: [convox.health.path=/c]}',
    gen2: '{image: x, port: 1, internal: true, health: /c}',
    options: { app: { name: 'shop', parameters: { Internal: 'Yes' } } },
  },
  'names in DNS become a domain from a variable': {
    gen1: '{image: x, ports: ["80:1"], labels: [convox.health.path=/c]}',
    gen2: '{image: x, port: 1, domain: "${DOMAINS_WEB}", health: /c}',
    options: { domains: { web: ['shop.example.com'] } },
    says: ['change domain-needed'],
  },
  'a variable of the text was empty on the rack, and is, unless an answer says otherwise': {
    gen1: 'image: "nginx$TAG"',
    gen2: 'image: nginx',
    says: ['choice interpolation-changed'],
  },
  'a variable of the text can be meant for the shell': {
    gen1: 'command: echo $HOME',
    gen2: '{build: ., command: echo $HOME}',
    options: { answers: { 'interpolation.HOME': 'literal' } },
  },
  'a variable of the text can be meant for the app environment': {
    gen1: 'image: nginx:${TAG}',
    gen2: 'image: "nginx:${TAG}"',
    options: { answers: { 'interpolation.TAG': 'app-env' } },
  },
  'comments are left behind, and a label in one does not become active': {
    gen1: `
      image: x
      labels:
        # - convox.agent=true
        - a=b
    `,
    gen2: 'image: x',
  },
};

describe('the mapping of each key', () => {
  itConverts(CASES);
});
