type Checks<T extends readonly unknown[]> = { readonly [K in keyof T]: (signal: AbortSignal) => Promise<T[K]> };

/** Runs looks at the same world at the same time. The first that fails ends the others, and is thrown when they have ended. */
export async function sideBySide<T extends readonly unknown[]>(checks: Checks<T>, signal: AbortSignal): Promise<T> {
  const over = new AbortController();
  const either = AbortSignal.any([signal, over.signal]);
  let first: { readonly error: unknown } | undefined;
  const results = await Promise.all(
    checks.map((check) =>
      check(either).catch((error: unknown) => {
        first ??= { error };
        over.abort(error);
      }),
    ),
  );
  if (first !== undefined) throw first.error;
  return results as unknown as T; // none failed: each is what its check gave
}
