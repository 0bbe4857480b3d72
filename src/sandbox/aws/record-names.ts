/**
 * Names as Route 53 keeps them: lower case, final dot, anything but `a-z0-9-_.` as `\ooo` (Route 53 Developer Guide,
 * "DNS domain name format").
 */
export function storedName(name: string): string {
  const decoded = name.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));
  const dotted = decoded.endsWith('.') ? decoded : `${decoded}.`;
  return dotted
    .toLowerCase()
    .replace(/[^a-z0-9\-_.]/g, (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`);
}

/**
 * `com.example.www.` for `www.example.com.`: what Route 53 sorts by, the final dot included, "which can change the sort
 * order" (API reference, ListResourceRecordSets and ListHostedZonesByName).
 */
export function sortKey(storedForm: string): string {
  return `${storedForm.replace(/\.$/, '').split('.').reverse().join('.')}.`;
}

export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** The name itself, then each parent, all with the final dot; the root is left out. */
export function parentsOf(name: string): readonly string[] {
  const labels = name.replace(/\.$/, '').split('.');
  return labels.map((_, index) => `${labels.slice(index).join('.')}.`);
}

/** On a label boundary: `notexample.com.` is not in `example.com.`. */
export function isInZone(name: string, zoneName: string): boolean {
  return name === zoneName || name.endsWith(`.${zoneName}`);
}
