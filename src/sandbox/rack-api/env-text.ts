/**
 * An environment as the rack reads it (convox/rack@20171213132441 api/structs/environment.go): lines, split at the first
 * `=`, key trimmed, value kept; lines without `=` or without a key are dropped. Sorted by key.
 */
export function parseEnv(text: string): ReadonlyMap<string, string> {
  const entries = new Map<string, string>();
  for (const line of text.split('\n')) {
    const bare = line.endsWith('\r') ? line.slice(0, -1) : line;
    const equals = bare.indexOf('=');
    const key = equals < 0 ? '' : bare.slice(0, equals).trim();
    if (key !== '') entries.set(key, bare.slice(equals + 1));
  }
  return new Map([...entries].toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}

export function formatEnv(entries: ReadonlyMap<string, string>): string {
  return [...entries].map(([key, value]) => `${key}=${value}`).join('\n');
}

/** What changed from one environment to the next, as a release's description says it. */
export function describeEnvChange(from: ReadonlyMap<string, string>, to: ReadonlyMap<string, string>): string {
  const words: string[] = [];
  for (const [key, value] of to) {
    if (!from.has(key)) words.push(`add:${key}`);
    else if (from.get(key) !== value) words.push(`change:${key}`);
  }
  for (const key of from.keys()) if (!to.has(key)) words.push(`remove:${key}`);
  return words.length === 0 ? '' : `env ${words.join(' ')}`;
}
