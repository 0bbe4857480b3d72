import type { Api } from './api.ts';
import type { RackRequest } from './rack-request.ts';
import { RackRefusal } from './reply.ts';

/** `?limit=N` of a list: default 20 in the classic era, 10 in the standard one. */
export function readLimit(request: RackRequest, api: Api): number {
  const text = request.query.get('limit');
  if (text === null || text === '') return api.isClassic ? 20 : 10;
  return readInteger(text, api.isClassic ? 400 : 500);
}

/** A whole number as Go's `strconv.Atoi` takes it. */
export function readInteger(text: string, status = 500): number {
  if (/^[+-]?\d+$/.test(text)) return Number(text);
  throw new RackRefusal(status, `strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
}
