import { parse } from 'yaml';
import { describe, expect, it } from 'vitest';
import { before, convert, HEAD, R2017, say, itConverts, type Case } from './support/conversion.ts';

const HEALTHY = 'convox.health.path=/c';

/** Each rule of the decision procedures. */
const CASES: Readonly<Record<string, Case>> = {
  // choosing the port
  'no TCP port gives no port': { gen1: 'image: x', gen2: 'image: x', isSilentAbout: ['port-not-http'] },
  'one single number beside pairs makes all of it internal': {
    gen1: `{image: x, ports: ["80:3000", "3000"], labels: [${HEALTHY}]}`,
    gen2: '{image: x, port: 3000, internal: true, health: /c}',
    says: ['choice mixed-internal'],
  },
  'an unlabelled port that could be HTTP is taken, and doubted': {
    gen1: '{image: x, ports: ["6000"]}',
    gen2: '{image: x, port: 6000, internal: true, health: /}',
    says: ['choice port-not-http'],
  },
  'a health path shows that a port speaks HTTP': {
    gen1: `{image: x, ports: ["6000"], labels: [${HEALTHY}]}`,
    gen2: '{image: x, port: 6000, internal: true, health: /c}',
    isSilentAbout: ['port-not-http'],
  },
  'a well-known database port is not HTTP': {
    gen1: '{image: x, ports: ["3306"]}',
    gen2: null,
    says: ['blocker port-not-http'],
  },
  'a well-known port is HTTP if a label says so': {
    gen1: `{image: x, ports: ["8125"], labels: [convox.port.8125.protocol=http, ${HEALTHY}]}`,
    gen2: '{image: x, port: 8125, internal: true, health: /c}',
  },
  'all candidates with one container port: it is taken': {
    gen1: `{image: x, ports: ["80:1", "443:1", "8080:1"], labels: [${HEALTHY}]}`,
    gen2: '{image: x, port: 1, health: /c}',
    isSilentAbout: ['port-choice', 'port-dropped'],
    says: ['choice public-port-changed'],
  },
  'of several container ports the one of the health check is proposed': {
    gen1: `{image: x, ports: ["80:1", "443:2"], labels: [convox.port.443.protocol=https, convox.health.port=1, ${HEALTHY}]}`,
    gen2: '{image: x, port: 1, health: /c}',
    says: ['choice port-choice'],
  },
  'else the one behind 443, when TLS ends at the balancer': {
    gen1: `{image: x, ports: ["80:1", "443:2"], labels: [convox.port.443.protocol=https]}`,
    gen2: '{image: x, port: 2, health: /}',
    says: ['choice port-choice', 'change port-dropped'],
  },
  'else the one behind 80, when 443 is raw TCP': {
    gen1: '{image: x, ports: ["80:1", "443:2"]}',
    gen2: '{image: x, port: 1, health: /}',
    says: ['choice port-choice'],
  },
  'else the one behind 80, when 443 is secure': {
    gen1: '{image: x, ports: ["80:1", "443:2"], labels: [convox.port.443.protocol=https, convox.port.443.secure=true]}',
    gen2: '{image: x, port: 1, health: /}',
  },
  'a port with PROXY protocol is the last choice': {
    gen1: '{image: x, ports: ["80:1", "443:2"], labels: [convox.port.443.protocol=tls, convox.port.443.proxy=true]}',
    gen2: '{image: x, port: 1, health: /}',
    isSilentAbout: ['proxy-protocol'],
  },
  'several ports that nothing tells apart are asked about': {
    gen1: '{image: x, ports: ["8080:1", "9090:2"], labels: [convox.port.8080.protocol=http, convox.port.9090.protocol=http]}',
    gen2: null,
    says: ['blocker port-choice'],
  },
  'the order of the list does not choose': {
    gen1: '{image: x, ports: ["443:2", "80:1"], labels: [convox.port.443.protocol=https]}',
    gen2: '{image: x, port: 2, health: /}',
  },
  'an answer chooses, and a comment says so': {
    gen1: '{image: x, ports: ["80:1", "443:2"], labels: [convox.port.443.protocol=https]}',
    gen2: '{image: x, port: "https:1", health: /}',
    options: { answers: { 'web.port': 'https:1' } },
    says: ['change port-choice'],
  },
  'one container port that is plain on 80 and TLS on 443 is asked about': {
    gen1: '{image: x, ports: ["80:1", "443:1"], labels: [convox.port.443.protocol=https, convox.port.443.secure=true]}',
    gen2: null,
    says: ['blocker tls-backend'],
  },
  // environment
  'defaults come after "*", and reserved names not at all': {
    gen1: '{image: x, environment: [A=1, APP=x, AWS_REGION=y, CONVOX_ENV_A=z, RELEASE=q]}',
    gen2: '{image: x, environment: ["*", A=1]}',
    says: ['change env-reserved'],
    books: { 'services.web.environment[1]': 'impossible' },
  },
  'PROCESS can be kept': {
    gen1: 'image: x',
    gen2: '{image: x, environment: ["*", PROCESS=web]}',
    options: { answers: { 'environment.PROCESS': 'add' } },
    says: ['info env-process'],
  },
  'in 2017 nothing to list means no key, and everything is delivered': {
    gen1: 'image: x',
    gen2: 'image: x',
    rack: R2017,
    isSilentAbout: ['env-undeclared'],
  },
  'in 2017 one default needs the names of the app environment': {
    gen1: '{image: x, environment: [A=1]}',
    gen2: null,
    rack: R2017,
    says: ['blocker env-undeclared'],
  },
  'in 2017 an answer can say that the declared names are all': {
    gen1: '{image: x, environment: [A=1, B=, C]}',
    gen2: '{image: x, environment: [A=1, B=, C]}',
    rack: R2017,
    options: { answers: { environment: 'declared-only' } },
    says: ['choice env-empty-default', 'choice env-required-missing'],
  },
  'before 20171204232334 an empty list is nothing, so the names are needed': {
    gen1: 'image: x',
    gen2: null,
    rack: before('emptyEnvironmentIsAll'),
    says: ['blocker env-undeclared'],
  },
  'a name that a resource provides is not required': {
    gen1: `
      web: {image: x, links: [database], environment: [DATABASE_URL]}
      database: {image: postgres, ports: [5432]}
    `,
    gen2: '{image: x, environment: [A], resources: [database]}',
    rack: R2017,
    options: { app: { name: 'shop', envNames: ['A'] }, answers: { 'database.database': 'resource' } },
  },
  'of a variable declared twice the last counts': {
    gen1: '{image: x, environment: [A=1, A=2]}',
    gen2: '{image: x, environment: ["*", A=2]}',
    books: { 'services.web.environment[0]': 'dropped', 'services.web.environment[1]': 'mapped' },
  },
  'a URL that is promised instead of a link is delivered': {
    gen1: `
      web: {image: x, links: [api]}
      api: {image: y, ports: ["22:22"]}
    `,
    gen2: '{image: x, environment: [API_URL, A]}',
    rack: R2017,
    options: {
      app: { name: 'shop', envNames: ['A'] },
      answers: { 'web.link.api': 'in-app-env', 'api.port': 'none' },
    },
    says: ['change link-no-http'],
  },
  'a link whose variable an old rack writes with a dash can come from the app environment': {
    gen1: `
      web: {image: x, links: [my-api]}
      my-api: {image: y, ports: ["80:80"]}
    `,
    gen2: '{image: x, environment: [MY_API_URL, A], links: [my-api]}',
    rack: R2017,
    options: { app: { name: 'shop', envNames: ['A'] }, answers: { 'web.link.my-api': 'in-app-env' } },
  },
  // databases
  'a disabled database is left out, and its URL delivered': {
    gen1: `
      web: {image: x, links: [database]}
      database: {image: "convox/postgres:9", ports: [5432]}
    `,
    gen2: '{image: x, environment: [DATABASE_URL]}',
    rack: R2017,
    options: {
      app: { name: 'shop', envNames: ['DATABASE_URL'], formation: { database: { count: -1, cpu: 0, memory: 0 } } },
    },
    says: ['change resource-external', 'change link-vars-lost'],
    isSilentAbout: ['resource-created'],
    books: { database: 'dropped', 'database.image': 'dropped', 'web.links[0]': 'changed' },
  },
  'a database in a container stops the conversion': {
    gen1: `
      web: {image: x, links: [database]}
      database: {image: registry.example.com/library/postgres:9.6, ports: [5432]}
    `,
    gen2: null,
    says: ['blocker data-not-migrated'],
  },
  'a database that is said to be external needs its URL in the app environment': {
    gen1: `
      web: {image: x, links: [database]}
      database: {image: mysql, ports: [3306]}
    `,
    gen2: null,
    options: { app: { name: 'shop', envNames: [] }, answers: { 'database.database': 'external' } },
    says: ['blocker env-required-missing'],
  },
  'a type that the rack lacks cannot become a resource': {
    gen1: 'web: {image: mysql, ports: [3306]}',
    gen2: null,
    rack: before('mysql'),
    options: { answers: { 'web.database': 'resource' } },
    says: ['blocker answer-invalid', 'info resource-type-unsupported'],
  },
  'a URL in the app environment wins over a new resource, and that is said': {
    gen1: `
      web: {image: x, links: [cache]}
      cache: {image: redis, ports: [6379]}
    `,
    gen2: '{image: x, resources: [cache]}',
    options: { app: { name: 'shop', envNames: ['CACHE_URL'] }, answers: { 'cache.database': 'resource' } },
    says: ['choice resource-shadowed-by-env'],
  },
  'an image that only sounds like a database is a service': {
    gen1: 'web: {image: rediscommander/redis-commander}',
    gen2: 'image: rediscommander/redis-commander',
  },
  'a disabled service is left out': {
    gen1: `
      web: {image: x, links: [old]}
      old: {image: y, ports: ["80:80"]}
    `,
    gen2: 'image: x',
    options: { app: { name: 'shop', formation: { old: { count: -1, cpu: 0, memory: 256 } } } },
    says: ['choice service-disabled', 'change link-vars-lost'],
  },
  'a disabled service with timers stays, with scale 0': {
    gen1: '{image: x, labels: ["convox.cron.tidy=0 3 * * ? a"]}',
    gen2: '{image: x, scale: {count: 0, memory: 256}}',
    options: { app: { name: 'shop', formation: { web: { count: -1, cpu: 0, memory: 256 } } } },
    says: ['choice service-disabled'],
  },
  // names
  'upper case becomes lower case': {
    gen1: `
      web: {image: x, links: [Api]}
      Api: {image: y, ports: ["80:80"]}
    `,
    gen2: '{image: x, links: [api]}',
    says: ['change name-invalid'],
  },
  'a leading digit is put behind a word': {
    gen1: `
      web: {image: x, links: [1api]}
      1api: {image: y, ports: ["80:80"]}
    `,
    gen2: '{image: x, links: [app-1api]}',
    says: ['choice name-invalid'],
  },
  'two names that become one are asked about': {
    gen1: `
      web: {image: x}
      Web: {image: y}
    `,
    gen2: null,
    says: ['blocker name-invalid'],
  },
};

describe('the decisions', () => {
  itConverts(CASES);

  it('an open question names its options, and an answered one its answer', () => {
    const open = convert('image: x\nports: ["443:443"]');
    const answered = convert('image: x\nports: ["443:443"]', HEAD, { answers: { 'web.port': '443' } });

    expect(open.decisions.find(({ id }) => id === 'web.port')).toMatchObject({
      options: ['443', 'https:443', 'none'],
      isAnswered: false,
      service: 'web',
      line: 5,
    });
    expect(answered.decisions.find(({ id }) => id === 'web.port')).toMatchObject({ chosen: '443', isAnswered: true });
  });

  it('the timers of one name become two, and keep their commands', () => {
    const { manifest } = convert(`
      web: {image: x, labels: ["convox.cron.tidy=0  3 * * ?  a   b"]}
      api: {image: x, labels: ["convox.cron.tidy=5 4 ? * MON c"]}
    `);

    expect((parse(manifest!) as { timers: unknown }).timers).toEqual({
      'web-tidy': { command: 'a b', schedule: '0 3 * * ?', service: 'web' },
      'api-tidy': { command: 'c', schedule: '5 4 ? * MON', service: 'api' },
    });
  });

  it.each([
    ['two stars in the day fields', '0 3 * * * a'],
    ['two question marks', '0 3 ? * ? a'],
    ['minute 60', '60 3 * * ? a'],
    ['a month that is a word', '0 3 * FOO ? a'],
    ['too few fields', '0 3 * *'],
    ['no command', '0 3 * * ?'],
    ['@daily', '@daily a b c d e'],
  ])('a timer with %s is broken, and not repaired', (_, label) => {
    const { findings, manifest, accounting } = convert(`{image: x, labels: ["convox.cron.tidy=${label}"]}`);

    expect(manifest).toBeUndefined();
    expect(say(findings)).toContain('blocker timer-schedule-invalid');
    expect(accounting.find(({ path }) => path === 'services.web.labels[0]')).toMatchObject({ disposition: 'decision' });
  });

  it.each([
    '0/15 * * * ?',
    '0 0 ? * MON-FRI',
    '0 8-18/2 1,15 JAN,JUL ?',
    '0 0 L * ?',
    '0 0 ? * 6L',
    '0 0 ? * 3#2',
    '0 0 15W * ?',
  ])('the schedule %s is one AWS accepts', (schedule) => {
    expect(say(convert(`{image: x, labels: ["convox.cron.tidy=${schedule} a"]}`).findings)).not.toContain(
      'blocker timer-schedule-invalid',
    );
  });

  it('a timer whose command generation 1 escaped does now what it says', () => {
    expect(say(convert('{image: x, labels: ["convox.cron.tidy=0 3 * * ? a && b"]}').findings)).toContain(
      'change command-unmangled',
    );
  });

  it('the domain variable is derived from the service, and free in the app and the manifest', () => {
    const { domainVariables, domainValues, manifest } = convert(
      `
        web: {image: x, ports: ["80:80"], environment: [DOMAINS_WEB_2=a]}
        my-api: {image: y, ports: ["80:80"]}
      `,
      HEAD,
      {
        app: { name: 'shop', envNames: ['DOMAINS_WEB'] },
        domains: { web: ['Shop.Example.com.', 'www.example.com', 'shop.example.com'], 'my-api': ['api.example.com'] },
      },
    );

    expect(domainVariables).toEqual({ web: 'DOMAINS_WEB_3', 'my-api': 'DOMAINS_MY_API' });
    expect(domainValues).toEqual({
      DOMAINS_WEB_3: 'shop.example.com,www.example.com',
      DOMAINS_MY_API: 'api.example.com',
    });
    expect(manifest).toContain('    domain: ${DOMAINS_WEB_3}\n');
  });

  it('names that are no domains block, and names nobody serves are asked about', () => {
    const options = { domains: { web: ['no domain'], other: ['a.example.com'] } };
    const { findings } = convert('image: x\nports: ["80:80"]', HEAD, options);

    expect(say(findings)).toEqual(expect.arrayContaining(['blocker domain-needed', 'choice domain-needed']));
  });

  it('a name for which no certificate can be issued is said', () => {
    const { findings } = convert('image: x\nports: ["80:80"]', HEAD, { domains: { web: ['web.shop.internal'] } });

    expect(
      findings
        .filter(({ code }) => code === 'domain-needed')
        .map(({ message }) => message)
        .join(),
    ).toContain('No public certificate');
  });

  it('the names on a certificate are proposed when no name in DNS is known', () => {
    const app = { name: 'shop', dnsNames: {}, certificates: { web: ['shop.example.com'] } };
    const { findings } = convert('image: x\nports: ["80:80"]', HEAD, { app });

    expect(findings.find(({ code }) => code === 'domain-needed')).toMatchObject({ severity: 'choice' });
  });

  it('without a rack version the newest is assumed, and that is said', () => {
    const { findings, manifest } = convert('image: x', HEAD, { rack: undefined } as object);

    expect(manifest).toBeDefined();
    expect(say(findings)).toContain('choice rack-version');
  });
});
