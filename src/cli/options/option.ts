import { MigrationError } from '../../errors.ts';

export type OptionGroup = 'Output' | 'Rack' | 'AWS' | 'State' | 'Procedure' | 'Run' | 'Sandbox' | 'This command';

export type OptionForm =
  | { readonly kind: 'text' | 'flag' | 'percentages' | 'names by service' | 'amounts by name' }
  | { readonly kind: 'number'; readonly min: number; readonly max: number; readonly isInteger: boolean };

/** One option of the command line: how it is written, explained, and read. */
export interface Option<T> {
  /** Unique; also its key in the text form. */
  readonly key: string;
  readonly flags: string;
  readonly help: string;
  readonly group: OptionGroup;
  /** How it is written in gen2.yaml, and what bounds it there. */
  readonly form: OptionForm;
  /** Environment variable that stands in for it. Without one it is for a single call, and not for gen2.yaml either. */
  readonly env?: string;
  readonly fallback?: string;
  readonly choices?: readonly string[];
  /** True if it may be given several times; the texts reach `parse` with line breaks between. */
  readonly isRepeatable?: boolean;
  /** Reads the text; throws `USAGE` naming the option. */
  parse(text: string): T;
}

type Details = Partial<Pick<Option<string>, 'env' | 'fallback' | 'choices' | 'isRepeatable' | 'form'>>;

function build<T>(
  flags: string,
  group: OptionGroup,
  help: string,
  parse: (text: string) => T | undefined,
  wanted: string,
  details: Details = {},
): Option<T> {
  const long = /--([a-z0-9-]+)/.exec(flags)?.[1] ?? flags;
  const key = long.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
  const env = details.env ?? (group === 'This command' ? undefined : environmentName(long));
  return {
    ...{ key, flags, help, group, form: { kind: 'text' } },
    ...details,
    ...(env === undefined ? {} : { env }),
    parse: (text) => {
      const value = parse(text);
      if (value !== undefined) return value;
      throw new MigrationError('USAGE', `--${long} ${JSON.stringify(text)}: ${wanted}`, {
        hint: `${flags}: ${help}.`,
      });
    },
  };
}

/** `--rack-version` is `GEN2_RACK_VERSION`. */
function environmentName(long: string): string {
  return `GEN2_${long.toUpperCase().replaceAll('-', '_')}`;
}

export function flag(flags: string, group: OptionGroup, help: string, env?: string): Option<boolean> {
  const parse = (text: string): boolean => text !== '' && text !== '0' && text !== 'false' && text !== 'no';
  return build(flags, group, help, parse, '', { form: { kind: 'flag' }, ...(env === undefined ? {} : { env }) });
}

export function text(flags: string, group: OptionGroup, help: string, details: Details = {}): Option<string> {
  return build(flags, group, help, (given) => (given === '' ? undefined : given), 'is empty', details);
}

export function choice<const T extends string>(
  flags: string,
  group: OptionGroup,
  help: string,
  choices: readonly T[],
  details: Details = {},
): Option<T> {
  const parse = (given: string): T | undefined => choices.find((one) => one === given);
  return build(flags, group, help, parse, `is none of ${choices.join(', ')}`, { ...details, choices });
}

export function number(
  flags: string,
  group: OptionGroup,
  help: string,
  range: { readonly min: number; readonly max: number; readonly isInteger?: boolean },
  details: Details = {},
): Option<number> {
  const kind = range.isInteger === false ? 'a number' : 'a whole number';
  const parse = (given: string): number | undefined => {
    const value = given.trim() === '' ? NaN : Number(given);
    const fits = value >= range.min && value <= range.max && (range.isInteger === false || Number.isInteger(value));
    return fits ? value : undefined;
  };
  const form = { kind: 'number', isInteger: range.isInteger !== false, min: range.min, max: range.max } as const;
  const wanted = `is not ${kind} between ${range.min} and ${range.max}`;
  return build(flags, group, help, parse, wanted, { form, ...details });
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, min: 60_000, h: 3_600_000 };

/** A duration in ms: `90s`, `5m`, `2h`, `500ms`. */
export function duration(flags: string, group: OptionGroup, help: string, details: Details = {}): Option<number> {
  const parse = (given: string): number | undefined => {
    const [, amount, unit] = /^(\d+(?:\.\d+)?)\s*(ms|s|m|min|h)$/.exec(given.trim()) ?? [];
    const factor = UNITS[unit ?? ''];
    return amount === undefined || factor === undefined ? undefined : Math.round(Number(amount) * factor);
  };
  return build(flags, group, help, parse, 'is not a duration like 90s, 5m or 2h', details);
}

/** Percentages that grow, e.g. `10,50,100`; 100 is added when it is missing. */
export function stages(flags: string, group: OptionGroup, help: string): Option<readonly number[]> {
  const parse = (given: string): readonly number[] | undefined => {
    const shares = given.split(',').map((share) => (share.trim() === '' ? NaN : Number(share)));
    const grows = shares.every((share, index) => share > (shares[index - 1] ?? 0) && share <= 100);
    if (!grows) return undefined;
    return shares.at(-1) === 100 ? shares : [...shares, 100];
  };
  return build(flags, group, help, parse, 'is not a list of growing percentages like 10,50,100', {
    form: { kind: 'percentages' },
  });
}

const DOMAIN_NAME = /^(?:\*\.)?[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})+$/;

/** Domain names by service: `web=shop.example.com`, several with commas between; may be given again. */
export function domains(
  flags: string,
  group: OptionGroup,
  help: string,
): Option<Readonly<Record<string, readonly string[]>>> {
  const parse = (given: string): Readonly<Record<string, readonly string[]>> | undefined => {
    const found = new Map<string, readonly string[]>();
    for (const line of given.split('\n')) {
      const [, service, list] = /^([^=\s]+)=(.+)$/.exec(line.trim()) ?? [];
      if (service === undefined || list === undefined) return undefined;
      const names = list.split(',').map((name) => name.trim().toLowerCase().replace(/\.$/, ''));
      if (!names.every((name) => DOMAIN_NAME.test(name))) return undefined;
      found.set(service, [...new Set([...(found.get(service) ?? []), ...names])]);
    }
    return Object.fromEntries(found);
  };
  return build(flags, group, help, parse, 'is not a service and its names like web=shop.example.com', {
    form: { kind: 'names by service' },
    isRepeatable: true,
  });
}

const PRICES = {
  'classic-balancer': 'classicBalancer',
  'application-balancer': 'applicationBalancer',
  'public-address': 'publicAddress',
} as const;

/** US dollars a month by what they are for: `classic-balancer=20.08`; may be given again. */
export function prices(
  flags: string,
  group: OptionGroup,
  help: string,
): Option<Readonly<Partial<Record<(typeof PRICES)[keyof typeof PRICES], number>>>> {
  const wanted = new Map<string, (typeof PRICES)[keyof typeof PRICES]>(Object.entries(PRICES));
  const parse = (given: string): Readonly<Record<string, number>> | undefined => {
    const found: Record<string, number> = {};
    for (const line of given.split('\n')) {
      const [, what = '', dollars] = /^([a-z-]+)=(\d+(?:\.\d+)?)$/.exec(line.trim()) ?? [];
      const name = wanted.get(what);
      if (name === undefined || dollars === undefined) return undefined;
      found[name] = Number(dollars);
    }
    return found;
  };
  const names = Object.keys(PRICES).join(', ');
  return build(flags, group, help, parse, `is not one of ${names} with dollars, like classic-balancer=18.25`, {
    form: { kind: 'amounts by name' },
    isRepeatable: true,
  });
}
