import { XMLBuilder } from 'fast-xml-parser';

/** What an XML answer is made of; `undefined` leaves the element out. */
export type XmlValue = string | number | boolean | undefined | readonly XmlValue[] | XmlElement;

/** Elements by name. */
export interface XmlElement {
  readonly [name: string]: XmlValue;
}

// eslint-disable-next-line @typescript-eslint/no-deprecated -- moved to fast-xml-builder, which this package brings along: the same code
const builder = new XMLBuilder({ ignoreAttributes: false, attributeNamePrefix: '@' });

/** An XML document with one root element. */
export function xmlDocument(root: string, namespace: string, content: XmlElement): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${builder.build({ [root]: { '@xmlns': namespace, ...content } })}`;
}

/** The query protocol's way to write a list. */
export function members<T>(items: Iterable<T>, write: (item: T) => XmlValue): XmlElement {
  return { member: [...items].map(write) };
}

/** Times as the query protocol writes them. */
export function xmlTime(ms: number): string {
  return new Date(ms).toISOString();
}
