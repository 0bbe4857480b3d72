import { MigrationError } from '../errors.ts';
import { scaledClock, systemClock, type Clock } from '../time/clock.ts';
import type { Invocation } from './command.ts';
import { OPTIONS } from './options/options.ts';

/** How to reach a running sandbox's network and clock; what `GEN2_SANDBOX` holds as JSON. */
export interface SandboxAccess {
  readonly scale: number;
  readonly startMs: number;
  readonly realStartMs: number;
  /** Moments at which the clock is set, ms after the start. */
  readonly jumps?: readonly { readonly afterMs: number; readonly byMs: number }[];
  readonly ports: { readonly 80: number; readonly 443: number };
  readonly publicDns: string;
  readonly vpcDns: string;
  readonly dnsPort: number;
  readonly caPem: string;
  readonly controlUrl?: string;
  readonly versionsUrl?: string;
}

/** Reads the text of `GEN2_SANDBOX`. @throws {MigrationError} `USAGE`. */
export function parseSandboxAccess(text: string): SandboxAccess {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    data = undefined;
  }
  if (isAccess(data)) return data;
  throw new MigrationError('USAGE', 'GEN2_SANDBOX does not hold what `gen2 sandbox` printed', {
    hint: 'Copy the whole line, or unset it to work on the real world.',
  });
}

/** Looked at by hand: a schema takes longer to read than `gen2 status` to run. */
function isAccess(data: unknown): data is SandboxAccess {
  if (!isObject(data) || !isObject(data['ports'])) return false;
  const { scale, startMs, realStartMs, dnsPort, publicDns, vpcDns, caPem, controlUrl = '', versionsUrl = '' } = data;
  const { jumps = [] } = data;
  const isJump = (jump: unknown): boolean =>
    isObject(jump) && typeof jump['afterMs'] === 'number' && typeof jump['byMs'] === 'number';
  if (!Array.isArray(jumps) || !jumps.every(isJump)) return false;
  const numbers = [scale, startMs, realStartMs, dnsPort, data['ports']['80'], data['ports']['443']];
  const texts = [publicDns, vpcDns, caPem, controlUrl, versionsUrl];
  return numbers.every((one) => typeof one === 'number') && texts.every((one) => typeof one === 'string');
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

/**
 * The sandbox this call works on: only if `GEN2_SANDBOX` is set and the rack is on this machine, so that a forgotten
 * variable can never bend time and names of a real migration.
 */
export function findSandbox({ shell, options }: Pick<Invocation, 'shell' | 'options'>): SandboxAccess | undefined {
  const text = shell.env['GEN2_SANDBOX'];
  const url = options.get(OPTIONS.rackUrl);
  if (text === undefined || text === '' || url === undefined || !isLoopback(url)) return undefined;
  return parseSandboxAccess(text);
}

function isLoopback(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { hostname } = new URL(url);
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

/** The clock executions run on. */
export function clockOf(sandbox: SandboxAccess | undefined): Clock {
  return sandbox === undefined ? systemClock : scaledClock(sandbox);
}
