import type { Style } from './style.ts';

/** A record as it was and as it becomes; the two stand below each other, because names of balancers are long. */
export function dnsLines(
  changes: readonly {
    readonly name: string;
    readonly type: string;
    readonly before: string;
    readonly after: string;
  }[],
  style: Style,
): readonly string[] {
  return changes.flatMap(({ name, type, before, after }) => [
    `  ${name} ${style.dim(type)}`,
    `    ${style.red('-')} ${before}`,
    `    ${style.green('+')} ${after}`,
  ]);
}
