import type { Api } from './api.ts';
import { findBuild } from './builds.ts';
import type { LogGroup, LogLine } from './log-store.ts';
import type { RackRequest } from './rack-request.ts';
import { goTime, RackRefusal } from './reply.ts';
import type { Channel, StreamRoute } from './routing.ts';
import { followStackEvents } from './stack-event-log.ts';

export const logRoutes: readonly StreamRoute[] = [
  {
    path: '/apps/:app/logs',
    operation: 'logs.app',
    stream: async (request, api, channel) => {
      const app = request.param('app');
      const since = readSince(request, api);
      const name = api.stackName(app);
      if (api.view.describe(name) === undefined) {
        throw api.awsError('ValidationError', `Stack with id ${name} does not exist`);
      }
      if (!api.isClassic) followStackEvents(api, name, app, channel.closed);
      await follow(api, channel, request, api.store.logs.group(app), since);
    },
  },
  {
    path: '/system/logs',
    operation: 'logs.system',
    stream: async (request, api, channel) => {
      const since = readSince(request, api);
      if (!api.isClassic) followStackEvents(api, api.rack, api.rack, channel.closed);
      await follow(api, channel, request, api.store.logs.group(api.rack), since);
    },
  },
  {
    path: '/apps/:app/builds/:build/logs',
    operation: 'logs.build',
    stream: async (request, api, channel) => {
      const build = findBuild(api, request.param('build'));
      await pump(channel, build.log, {
        from: 0,
        isWanted: () => true,
        write: (line) => `${line.message}\n`,
        isOver: () => build.endedAt !== undefined,
      });
    },
  },
];

const DEFAULT_SINCE_MS = 2 * 60_000;

async function follow(
  api: Api,
  channel: Channel,
  request: RackRequest,
  group: LogGroup,
  sinceMs: number,
): Promise<void> {
  const isFollowing = (request.header('follow') ?? 'true') !== 'false';
  const isWanted = filterOf(request.header('filter') ?? '');
  const hasPrefix = api.isClassic || request.header('prefix') === 'true';
  const from = group.firstSince(api.world.clock.now() - sinceMs);
  await pump(channel, group, {
    from,
    isWanted: (line) => isWanted(line.message),
    write: (line) => `${seconds(line.at)} ${hasPrefix ? prefix(api, line) : ''}${line.message}\n`,
    isOver: () => !isFollowing,
  });
}

interface Pump {
  readonly from: number;
  readonly isWanted: (line: LogLine) => boolean;
  readonly write: (line: LogLine) => string;
  /** Asked when everything has been read: whether there will be no more. */
  readonly isOver: () => boolean;
}

const BATCH = 500;
/** Few lines travel in a frame each, many together: a frame is not a line. */
const LINES_IN_OWN_FRAME = 20;

/** Sends lines as they come, no faster than the client takes them. */
async function pump(channel: Channel, group: LogGroup, { from, isWanted, write, isOver }: Pump): Promise<void> {
  let next = from;
  while (!channel.closed.aborted) {
    const ended = isOver();
    const lines = group.read(next, BATCH);
    const last = lines.at(-1);
    if (last === undefined) {
      if (ended) return;
      await group.changed(channel.closed);
      continue;
    }
    next = last.sequence + 1;
    const texts = lines.filter(isWanted).map(write);
    const frames = texts.length > LINES_IN_OWN_FRAME ? [texts.join('')] : texts;
    for (const frame of frames) await channel.send(frame);
  }
}

/** `TIME service/web:RELEASE/PID MESSAGE` in the classic era, without the release in the standard one. */
function prefix(api: Api, line: LogLine): string {
  if (line.process === '') return api.isClassic ? `system:${api.version}/ ` : `${line.service} `;
  return api.isClassic
    ? `service/${line.service}:${line.release}/${line.process} `
    : `service/${line.service}/${line.process} `;
}

function seconds(at: number): string {
  return goTime(Math.floor(at / 1000) * 1000);
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** A Go duration such as `1h2m0.5s`. */
function readSince(request: RackRequest, api: Api): number {
  const text = request.header('since');
  if (text === undefined || text === '') return DEFAULT_SINCE_MS;
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== text) {
    const quoted = api.isClassic ? `Invalid duration ${text}` : `time: invalid duration ${JSON.stringify(text)}`;
    throw new RackRefusal(500, quoted);
  }
  return parts.reduce((sum, [, amount = '0', unit = 's']) => sum + Number(amount) * (UNIT_MS[unit] ?? 0), 0);
}

/** A CloudWatch filter pattern, as far as words go: all words, `"a phrase"`, `-not`, `?any`. */
function filterOf(pattern: string): (message: string) => boolean {
  const terms = [...pattern.matchAll(/([-?]?)(?:"([^"]*)"|(\S+))/g)].map(([, sign = '', phrase, word]) => ({
    sign,
    text: phrase ?? word ?? '',
  }));
  const any = terms.filter(({ sign }) => sign === '?');
  return (message) =>
    terms.every(({ sign, text }) => sign === '?' || message.includes(text) === (sign === '')) &&
    (any.length === 0 || any.some(({ text }) => message.includes(text)));
}
