/** A name of a certificate or a rule covers a host; `*` stands for one label (RFC 6125). */
export function covers(name: string, host: string): boolean {
  const [a, b] = [name.toLowerCase(), host.toLowerCase()];
  return a === b || (a.startsWith('*.') && b.slice(b.indexOf('.')) === a.slice(1));
}
