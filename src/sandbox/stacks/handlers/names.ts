import type { HandlerContext } from '../resource-handler.ts';

const LIMIT = 32;

/**
 * A name for a resource that has none in the template, `<stack part>-<logical id part>-<random>`, both parts cut so
 * that it fits 32 characters (convox/rack: `test-Router-UACTD9OG6B40`).
 */
export function generatedName({ stack, logicalId, world }: HandlerContext): string {
  const random = world.random.text(12, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789');
  const free = LIMIT - random.length - 2;
  const stackPart = stack.name.slice(0, Math.max(free - logicalId.length, Math.ceil(free / 2)));
  const idPart = logicalId.slice(0, free - stackPart.length);
  return `${stackPart}-${idPart}-${random}`.replaceAll(/-{2,}/g, '-');
}

/** A name without the 32-character limit, as roles and log groups have: `R-A-ServiceRole-1ABCDEFGHIJKL`. */
export function longGeneratedName({ stack, logicalId, world }: HandlerContext): string {
  return `${stack.name}-${logicalId}-${world.random.text(13, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789')}`;
}
