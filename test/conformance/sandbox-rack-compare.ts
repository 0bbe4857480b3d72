import type { Replayed } from './sandbox-rack-replay.ts';
import type { SocketEvent, Transcript } from './transcript.ts';

/** Headers that a client may go by. Of those with a value of their own only the presence counts. */
const HEADERS = ['content-type', 'www-authenticate', 'x-content-type-options', 'trailer'];
const PRESENT = ['request-id', 'release-id'];
/** Fields whose value is part of the answer, not of the situation. */
const EXACT = new Set([
  'status',
  'generation',
  'name',
  'app',
  'locked',
  'router',
  'reason',
  'env',
  'manifest',
  'Url',
  'success',
  'command',
  'provider',
]);
/** Maps from names to texts: which names are in them depends on the template. */
const MAPS = new Set(['parameters', 'outputs', 'exports']);

/** Every difference between what was recorded and what the sandbox said, in words. */
export function differences(transcript: Transcript, actual: Replayed): readonly string[] {
  if (actual.status !== transcript.status) {
    return [`status ${actual.status}, recorded ${transcript.status}: ${actual.body.slice(0, 300)}`];
  }
  if (transcript.events !== undefined) return eventDifferences(transcript, actual.events ?? []);
  return [...headerDifferences(transcript, actual), ...bodyDifferences(transcript, actual)];
}

function headerDifferences({ responseHeaders }: Transcript, { headers }: Replayed): readonly string[] {
  return [
    ...HEADERS.filter((name) => responseHeaders.get(name) !== headers.get(name)).map(
      (name) => `header ${name}: ${headers.get(name) ?? 'absent'}, recorded ${responseHeaders.get(name) ?? 'absent'}`,
    ),
    ...PRESENT.filter((name) => responseHeaders.has(name) !== headers.has(name)).map(
      (name) => `header ${name}: ${headers.has(name) ? 'present' : 'absent'}, recorded the other way`,
    ),
  ];
}

function bodyDifferences(
  { name, responseBody, responseHeaders }: Transcript,
  { body, trailers }: Replayed,
): readonly string[] {
  if (responseHeaders.get('trailer') === 'Done') {
    return trailers.get('done') === 'OK' ? [] : [`trailer Done: ${trailers.get('done') ?? 'absent'}`];
  }
  if (/^\(\d+ bytes/.test(responseBody)) return body === '' ? ['empty body'] : [];
  const recorded = parse(responseBody);
  if (recorded === undefined) {
    const [expected, seen] = [masked(responseBody.trimEnd()), masked(body.trimEnd())];
    return expected === seen ? [] : [`body ${JSON.stringify(seen)}, recorded ${JSON.stringify(expected)}`];
  }
  const own = parse(body);
  if (own === undefined) return [`not JSON: ${body.slice(0, 200)}`];
  return valueDifferences(recorded, own, name.startsWith('parameters-get') ? '$.parameters' : '$');
}

function valueDifferences(recorded: unknown, own: unknown, path: string): readonly string[] {
  if (typeOf(recorded) !== typeOf(own)) return [`${path} is ${typeOf(own)}, recorded ${typeOf(recorded)}`];
  if (Array.isArray(recorded) && Array.isArray(own)) return listDifferences(recorded, own, path);
  if (isObject(recorded) && isObject(own)) {
    if (MAPS.has(path.split('.').at(-1) ?? '')) {
      return Object.values(own).every((value) => typeof value === 'string')
        ? []
        : [`${path} has values that are no text`];
    }
    const [expected, seen] = [Object.keys(recorded), Object.keys(own)];
    if (expected.join() !== seen.join()) return [`${path} has ${seen.join()}, recorded ${expected.join()}`];
    return expected.flatMap((key) => valueDifferences(recorded[key], own[key], `${path}.${key}`));
  }
  const field = path.split('.').at(-1) ?? '';
  if (!EXACT.has(field) && field !== 'error') return [];
  const [expected, seen] = [masked(String(recorded)), masked(String(own))];
  return expected === seen ? [] : [`${path} is ${JSON.stringify(seen)}, recorded ${JSON.stringify(expected)}`];
}

/** Every element must be like one of the recorded ones, names aside. */
function listDifferences(recorded: readonly unknown[], own: readonly unknown[], path: string): readonly string[] {
  if (recorded.length === 0) return [];
  // A worker has no ports, whatever the recording's stand-in gave it.
  if (own.length === 0) return path.endsWith('.ports') ? [] : [`${path} is empty`];
  return own.flatMap((element, index) => {
    const found = recorded.map((each) =>
      valueDifferences(withoutNames(each), withoutNames(element), `${path}[${index}]`),
    );
    const closest = found.toSorted((a, b) => a.length - b.length)[0] ?? [];
    return closest;
  });
}

/** Elements of a list are told apart by what they are about; only their form is compared. */
function withoutNames(value: unknown): unknown {
  if (!isObject(value)) return value;
  const blank = new Set([...EXACT].filter((name) => name !== 'success'));
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key, blank.has(key) && typeof each === 'string' ? '' : each]),
  );
}

function eventDifferences({ name, events = [] }: Transcript, own: readonly SocketEvent[]): readonly string[] {
  const recorded = events.filter((event) => event.type !== 'frame' || event.from === 'server');
  // A recording without frames shows the handshake only.
  if (recorded.length === 0) return [];
  const [expected, seen] = [recorded.map(framing), own.map(framing)];
  if (/^(build-logs|process-(exec|run))/.test(name) && !/missing/.test(name)) return endDifferences(expected, seen);
  if (recorded.at(-1)?.type === 'closed-by-client') {
    const text = expected[0] ?? '';
    return seen.slice(0, -1).every((line) => line === text) && seen.length > 1 ? [] : [`frames ${seen.join(' | ')}`];
  }
  const unlike = /^(system|app)-logs/.test(name)
    ? [...new Set(expected)].join() !== [...new Set(seen)].join()
    : expected.join() !== seen.join();
  return unlike ? [`frames ${seen.join(' | ')}, recorded ${expected.join(' | ')}`] : [];
}

/** Builds and commands say what they like; how the stream ends, with an error or an exit code, is fixed. */
function endDifferences(expected: readonly string[], seen: readonly string[]): readonly string[] {
  const tail = expected.slice(
    expected.findLastIndex((line) => line.startsWith('text') && !/ERROR|F1E49A85/.test(line)) + 1,
  );
  return seen.length >= tail.length && seen.slice(-tail.length).join() === tail.join()
    ? []
    : [`ends with ${seen.slice(-4).join(' | ')}, recorded ${tail.join(' | ')}`];
}

function framing(event: SocketEvent): string {
  return event.type === 'frame' ? `${event.kind} ${JSON.stringify(masked(event.data))}` : event.type;
}

/** Text with everything that differs from one rack to the next taken out. */
function masked(text: string): string {
  return text
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, 'UUID')
    .replaceAll(/\b\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replaceAll(/\b[BR][A-Z]{10}\b/g, 'ID')
    .replaceAll(/\/[0-9a-f]{12}\b/g, '/PROCESS')
    .replaceAll(/\b(GET \/check|id=)\s?\d+/g, '$1N')
    .replaceAll(/current stack status( \w+)?/g, 'current stack status')
    .replaceAll(/(invalid authentication: ).*/g, '$1REASON')
    .replaceAll(/tmp\/[a-z]{30}/g, 'tmp/KEY');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'list' : typeof value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
