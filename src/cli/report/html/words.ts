import { html, type Html } from './html.ts';

/** A moment as people write it, in UTC: `2026-01-05 09:00`. */
export function moment(at: number): Html {
  const iso = new Date(at).toISOString();
  return html`<time datetime="${iso}">${iso.slice(0, 16).replace('T', ' ')}</time>`;
}

/** `09:00`, in UTC. */
export function clockTime(at: number): string {
  return new Date(at).toISOString().slice(11, 16);
}

export function count(number: number, one: string, many = `${one}s`): string {
  return `${number.toLocaleString('en-US')} ${number === 1 ? one : many}`;
}

/** A length on the page, in percent: 0 to 1 in, `12.34%` out. */
export function percent(share: number): string {
  return `${(share * 100).toFixed(2)}%`;
}
