/** A DNS name as we compare and show it: lower case, no dot at the end, Route 53's `\052` written `*`. */
export function dnsName(name: string): string {
  return name
    .replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
    .toLowerCase()
    .replace(/\.$/, '');
}

/** True if `name` is `zone` or below it, on a label boundary: `notexample.com` is not in `example.com`. */
export function isInZone(name: string, zone: string): boolean {
  const [inner, outer] = [dnsName(name), dnsName(zone)];
  return inner === outer || inner.endsWith(`.${outer}`);
}

/** The name and each of its parents, longest first, down to `labels` labels (default 1). */
export function parentsOf(name: string, labels = 1): readonly string[] {
  const parts = dnsName(name).split('.');
  const count = Math.max(0, parts.length - labels + 1);
  return Array.from({ length: count }, (_, at) => parts.slice(at).join('.'));
}
