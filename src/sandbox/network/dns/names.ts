/** A name as Route 53 stores it, or as anybody writes it, in one form: lower case, no final dot, `*` for `\052`. */
export function plainName(name: string): string {
  const lower = name.toLowerCase().replaceAll('\\052', '*');
  return lower.endsWith('.') ? lower.slice(0, -1) : lower;
}

/** True for the zone's own name and everything below it. Both in plain form. */
export function isWithin(name: string, zone: string): boolean {
  return name === zone || name.endsWith(`.${zone}`);
}

/** `www.example.com` → `example.com`; undefined at the top. */
export function parentName(name: string): string | undefined {
  const dot = name.indexOf('.');
  return dot === -1 ? undefined : name.slice(dot + 1);
}
