import * as z from 'zod';
import type { Option } from '../options/option.ts';
import { OPTIONS } from '../options/options.ts';

/** The option a key of gen2.yaml stands for: `rack-version` for `--rack-version`. */
export const CONFIG_OPTIONS: ReadonlyMap<string, Option<unknown>> = new Map(
  Object.values<Option<unknown>>(OPTIONS)
    .filter((option) => option.env !== undefined && option !== OPTIONS.config)
    .map((option) => [/--([a-z0-9-]+)/.exec(option.flags)?.[1] ?? option.key, option]),
);

/** What gen2.yaml may hold. */
export const configSchema = z
  .strictObject(Object.fromEntries([...CONFIG_OPTIONS].map(([key, option]) => [key, fieldOf(option).optional()])))
  .meta({
    title: 'gen2.yaml',
    description:
      'Options of gen2 by their long names. The command line comes before environment variables, those before this file. It holds no secrets.',
  });

/** The JSON Schema of gen2.yaml, for editors (docs/gen2.schema.json). */
export function configJsonSchema(): object {
  return z.toJSONSchema(configSchema, { target: 'draft-7' });
}

function fieldOf({ help, form, choices, env, fallback }: Option<unknown>): z.ZodType {
  const notes = [`environment ${env ?? ''}`, ...(fallback === undefined ? [] : [`default ${fallback}`])];
  return valueOf(form, choices).meta({ description: `${help} (${notes.join('; ')})` });
}

function valueOf(form: Option<unknown>['form'], choices: readonly string[] | undefined): z.ZodType {
  switch (form.kind) {
    case 'text':
      return choices === undefined ? z.string().min(1) : z.enum(choices);
    case 'flag':
      return z.boolean();
    case 'number': {
      const number = form.isInteger ? z.int() : z.number();
      return number.min(form.min).max(form.max);
    }
    case 'percentages':
      return z.array(z.number().positive().max(100)).min(1);
    case 'names by service':
      return z.record(z.string(), z.array(z.string()).min(1));
    case 'amounts by name':
      return z.record(z.string(), z.number().nonnegative());
  }
}
