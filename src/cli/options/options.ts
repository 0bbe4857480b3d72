import { choice, domains, duration, flag, number, prices, stages, text } from './option.ts';

/** Every option of `gen2`, in one place: the same word means the same everywhere. */
export const OPTIONS = {
  // output
  json: flag('--json', 'Output', 'write the result as one JSON object on stdout'),
  quiet: flag('-q, --quiet', 'Output', 'show only gates, warnings and errors'),
  verbose: flag('-v, --verbose', 'Output', 'show build logs, requests, and the stack of a bug', 'GEN2_VERBOSE'),
  config: text('--config <file>', 'Run', 'file with options by their long names; default: gen2.yaml, if it is there'),
  // rack
  rackUrl: text('--rack-url <url>', 'Rack', 'address of the rack', { env: 'CONVOX_HOST' }),
  passwordFile: text('--password-file <file>', 'Rack', 'file that holds the password of the rack', {
    env: 'CONVOX_PASSWORD_FILE',
  }),
  rack: text('--rack <name>', 'Rack', 'name of the rack, where it cannot be asked', { env: 'GEN2_RACK' }),
  tls: text('--tls <how>', 'Rack', 'certificate of the rack: verify, none, or its SHA-256 fingerprints', {
    env: 'GEN2_TLS',
    fallback: 'verify',
  }),
  // AWS
  region: text('--region <region>', 'AWS', "region of the AWS clients; default: the rack's own"),
  // state
  state: text('--state <folder>', 'State', 'where journals and exports are kept; or a database, postgres://…', {
    env: 'GEN2_STATE',
    fallback: '.gen2',
  }),
  // procedure
  source: text('--source <folder>', 'Procedure', 'source of the app, with its docker-compose.yml', { fallback: '.' }),
  temporaryApp: text('--temporary-app <name>', 'Procedure', 'name of the temporary app; default: one that is free'),
  finish: choice('--finish <how>', 'Procedure', 'commit: the old name comes back; keep: end after cutover', [
    'commit',
    'keep',
  ]),
  stages: stages('--stages <percentages>', 'Procedure', 'move DNS in weighted stages, e.g. 10,50,100'),
  bake: duration('--bake <duration>', 'Procedure', 'time between two stages, e.g. 5m'),
  maxErrorRate: number(
    '--max-error-rate <percent>',
    'Procedure',
    "wrong answers above the old app's share that send the traffic back; default 1",
    { min: 0, max: 100, isInteger: false },
  ),
  maxLatency: duration(
    '--max-latency <duration>',
    'Procedure',
    "how long four of five answers may take; default: three times the old app's time, at least 1s",
  ),
  minHealthy: number(
    '--min-healthy <percent>',
    'Procedure',
    "share of a service's targets that must be healthy; default 50",
    { min: 0, max: 100 },
  ),
  probePath: text(
    '--probe-path <path>',
    'Procedure',
    'what both apps are asked for while traffic moves; default: the health path, and /',
  ),
  oldTrafficWait: duration(
    '--old-traffic-wait <duration>',
    'Procedure',
    'how long requests to the old balancers hold the commit up; default 75m',
  ),
  plainHttp: choice('--plain-http <how>', 'Procedure', 'http:// where the rack would redirect it to https://', [
    'keep',
    'redirect',
  ]),
  updateRack: text('--update-rack <version>', 'Procedure', 'update the rack to this version first'),
  healthCodes: choice('--health-codes <which>', 'Procedure', 'what verification accepts of a health path', [
    'exactly-200',
    'rack-codes',
  ]),
  answers: text(
    '--answers <file>',
    'Procedure',
    'answers to the questions of the conversion; default: gen2.answers.yaml in the source, if it is there',
  ),
  domain: domains(
    '--domain <service=names>',
    'Procedure',
    'names of a service besides those found in DNS, e.g. web=shop.example.com; may be repeated',
  ),
  certificateTimeout: duration(
    '--certificate-timeout <duration>',
    'Procedure',
    'how long to wait for a certificate mail to be approved',
  ),
  exportKey: text(
    '--export-key <file>',
    'Procedure',
    "public age keys the old app's environment is exported for; without one its values are not exported",
    { env: 'GEN2_EXPORT_KEY_FILE' },
  ),
  price: prices(
    '--price <what=dollars>',
    'Procedure',
    'price of a month in place of the list price: classic-balancer, application-balancer, public-address; may be repeated',
  ),
  plan: text(
    '--plan <file>',
    'Procedure',
    'plan that was agreed to, from `gen2 plan -o`; refused if the world changed since',
  ),
  // run
  onGate: choice('--on-gate <how>', 'Run', 'at a gate wait for the answer, or exit with code 10 and be resumed', [
    'wait',
    'exit',
  ]),
  // sandbox
  seed: number('--seed <number>', 'Sandbox', 'seed of everything random', { min: 0, max: 2 ** 31 - 1 }),
  scale: number('--scale <factor>', 'Sandbox', 'simulated seconds in a real one', { min: 1, max: 600 }),
  chaos: number('--chaos <seed>', 'Sandbox', 'let things go wrong, by this seed: rack, AWS and the clock of gen2', {
    min: 0,
    max: 2 ** 31 - 1,
  }),
  rackVersion: text('--rack-version <version>', 'Sandbox', 'version of the rack'),
  rate: number('--rate <number>', 'Sandbox', 'requests a second', { min: 0, max: 2_000 }),
  procedure: choice(
    '--procedure <which>',
    'Sandbox',
    'what is rehearsed: ours, or the sequence of the article, by hand',
    ['gen2', 'article'],
  ),
  sourceTo: text('--source-to <folder>', 'Sandbox', "write the source of the sandbox's app into this new folder"),
  mail: flag('--mail', 'Sandbox', 'list and approve the certificate mails of a running sandbox'),
  // single commands
  watch: flag('--watch', 'This command', 'keep looking until it is over'),
  all: flag('--all', 'This command', 'older executions too'),
  markdown: flag('--markdown', 'This command', 'write Markdown'),
  html: flag('--html', 'This command', 'write one page of HTML that needs nothing else'),
  open: flag('--open', 'This command', 'open the report in a browser'),
  reject: flag('--reject', 'This command', 'say no'),
  comment: text('--comment <text>', 'This command', 'recorded with the answer'),
  public: flag('--public', 'This command', 'only the public balancer'),
  internal: flag('--internal', 'This command', 'only the internal balancer'),
  api: flag('--api', 'This command', "only the balancer of the rack's API"),
  app: text('--app <name>', 'This command', 'the running app, for what only it can tell'),
  output: text('-o, --output <file>', 'This command', 'file to write; - for stdout'),
  force: flag('--force', 'This command', 'write over a file that exists'),
  strict: flag('--strict', 'This command', 'fail on open choices, not only on blockers'),
  sarif: flag('--sarif', 'This command', 'write SARIF'),
  resend: flag('--resend', 'This command', 'have the pending mails sent again'),
  to: choice('--to <balancer>', 'This command', 'the balancer names shall lead to', ['public', 'internal']),
  record: text('--record <file>', 'This command', 'file with the records as they were'),
  perRack: number('--per-rack <number>', 'This command', 'executions of the rack at once, over all its workers', {
    min: 1,
    max: 100,
  }),
  as: text('--as <name>', 'This command', 'name the app gets; default: its own, which must be free'),
  export: text(
    '--export <folder>',
    'This command',
    'the export; default: the newest of the app in the state directory',
  ),
  keyFile: text('--key-file <file>', 'This command', 'file with the secret age key that opens the environment', {
    env: 'GEN2_KEY_FILE',
  }),
  envFrom: text('--env-from <app>', 'This command', 'take the environment from this app, if it is still the same'),
  yes: flag('-y, --yes', 'This command', 'do not ask'),
} as const;

export type OptionName = keyof typeof OPTIONS;

export const OUTPUT_OPTIONS = ['json', 'quiet', 'verbose', 'config'] as const;
export const RACK_OPTIONS = ['rackUrl', 'passwordFile', 'tls'] as const;
export const PROCEDURE_OPTIONS = [
  'source',
  'temporaryApp',
  'finish',
  'stages',
  'bake',
  'maxErrorRate',
  'maxLatency',
  'minHealthy',
  'probePath',
  'oldTrafficWait',
  'plainHttp',
  'updateRack',
  'healthCodes',
  'answers',
  'domain',
  'certificateTimeout',
  'exportKey',
  'price',
] as const;
