import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { convertManifest } from '../../../src/manifest/convert.ts';
import type { Conversion, ConvertOptions } from '../../../src/manifest/convert-types.ts';
import type { Finding } from '../../../src/manifest/finding.ts';
import { FEATURES } from '../../../src/manifest/rack-features.ts';
import type { Feature } from '../../../src/manifest/rack-features.ts';

/** The newest rack that was read. */
export const HEAD = '20260421192651';
/** The rack of December 2017. */
export const R2017 = '20171213132441';

/** The version just before a feature came. */
export function before(feature: Feature): string {
  return String(BigInt(FEATURES[feature]) - 1n);
}

export function at(feature: Feature): string {
  return FEATURES[feature];
}

/** A case of a table: generation 1 on the left, generation 2 on the right. */
export interface Case {
  /** The body of service `web`, or a whole file if it starts with "version" or with a service at the margin. */
  readonly gen1: string;
  /**
   * What `web` becomes, without `drain: 60`, `sticky: false` and `environment: ["*"]`; null if a blocker stands in
   * the way; absent if the case is about findings only.
   */
  readonly gen2?: string | null;
  /** Findings it must have, as `severity code`. */
  readonly says?: readonly string[];
  /** Codes it must not have. */
  readonly isSilentAbout?: readonly string[];
  /** What the accounting must say, by path. */
  readonly books?: Readonly<Record<string, string>>;
  readonly options?: Omit<ConvertOptions, 'compose' | 'rack'>;
  readonly rack?: string;
}

/** Removes the common indentation of a template text. */
export function dedent(text: string): string {
  const lines = text
    .replace(/^\n/, '')
    .replace(/\n\s*$/, '\n')
    .split('\n');
  const margin = Math.min(...lines.filter((line) => line.trim() !== '').map((line) => /^ */.exec(line)![0].length));
  return lines.map((line) => line.slice(margin)).join('\n');
}

/** The whole compose file of a case. */
export function composeOf(text: string): string {
  const body = dedent(text);
  if (/^(?:version|web|api|x-)\b.*:/.test(body)) return body;
  return `version: "2"\nservices:\n  web:\n${body.replaceAll(/^(?=.)/gm, '    ')}\n`;
}

export function convert(
  text: string,
  rack: string = HEAD,
  options: Omit<ConvertOptions, 'compose' | 'rack'> = {},
): Conversion {
  return convertManifest({ compose: composeOf(text), rack: { version: rack, internal: true }, ...options });
}

export function say(findings: readonly Finding[]): readonly string[] {
  return findings.map(({ severity, code }) => `${severity} ${code}`);
}

/** The generation 2 service `web` of a conversion, without what nearly every one has. */
export function webOf(conversion: Conversion): unknown {
  if (conversion.manifest === undefined) return undefined;
  const manifest = parse(conversion.manifest) as { services: Record<string, Record<string, unknown> | undefined> };
  const web = { ...manifest.services['web'] };
  if (web['drain'] === 60) delete web['drain'];
  if (web['sticky'] === false) delete web['sticky'];
  if (JSON.stringify(web['environment']) === '["*"]') delete web['environment'];
  return web;
}

/** The accounting as a map of path to disposition. */
export function booksOf({ accounting }: Conversion): Readonly<Record<string, string>> {
  return Object.fromEntries(accounting.map(({ path, disposition }) => [path, disposition]));
}

/** One test a case. */
export function itConverts(cases: Readonly<Record<string, Case>>): void {
  it.each(Object.entries(cases))(
    '%s',
    (_, { gen1, gen2, says = [], isSilentAbout = [], books = {}, options, rack = HEAD }) => {
      const conversion = convert(gen1, rack, options);

      expect(say(conversion.findings)).toEqual(expect.arrayContaining([...says]));
      expect(conversion.findings.map(({ code }) => code).filter((code) => isSilentAbout.includes(code))).toEqual([]);
      expect(booksOf(conversion)).toMatchObject(books);
      expect(conversion.manifest === undefined).toBe(gen2 === null);
      if (typeof gen2 === 'string') expect(webOf(conversion)).toEqual(parse(dedent(gen2)));
    },
  );
}
