import { AwsRefusal } from '../../world.ts';

export interface PageRequest<T> {
  readonly size: number;
  /** As an earlier answer gave it. */
  readonly token: string | undefined;
  /** Names an item for the token, so that pages stay in step when items are added. */
  readonly keyOf: (item: T) => string;
  /** Refusal of a token that names nothing. */
  readonly invalidCode?: string;
}

/** One page of a list, and the token of the next one if there is more. */
export function pageOf<T>(
  items: readonly T[],
  { size, token, keyOf, invalidCode = 'ValidationError' }: PageRequest<T>,
): { readonly items: readonly T[]; readonly next: string | undefined } {
  let start = 0;
  if (token !== undefined) {
    const last = Buffer.from(token, 'base64url').toString('utf8');
    start = items.findIndex((item) => keyOf(item) === last) + 1;
    if (start === 0) throw new AwsRefusal(invalidCode, `Token ${token} is not valid`);
  }
  const page = items.slice(start, start + size);
  const last = page.at(-1);
  const hasMore = start + page.length < items.length && last !== undefined;
  return { items: page, next: hasMore ? Buffer.from(keyOf(last), 'utf8').toString('base64url') : undefined };
}
