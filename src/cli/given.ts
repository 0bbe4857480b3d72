/** `{ [name]: value }`, or nothing at all: optional fields must not be there as undefined. */
export function given<Name extends string, T>(name: Name, value: T | undefined): { readonly [Key in Name]?: T } {
  // The type of a computed key is lost; this is the one object it can be.
  return (value === undefined ? {} : { [name]: value }) as { readonly [Key in Name]?: T };
}
