import { z } from 'zod';
import { MigrationError } from '../errors.ts';
import { scaledClock, systemClock, type Clock } from '../time/clock.ts';
import type { Invocation } from './command.ts';
import { OPTIONS } from './options/options.ts';

const accessSchema = z.object({
  scale: z.number(),
  startMs: z.number(),
  realStartMs: z.number(),
  jumps: z.array(z.object({ afterMs: z.number(), byMs: z.number() })).optional(),
  ports: z.object({ 80: z.number(), 443: z.number() }),
  publicDns: z.string(),
  vpcDns: z.string(),
  dnsPort: z.number(),
  caPem: z.string(),
  controlUrl: z.string().optional(),
  versionsUrl: z.string().optional(),
});

/** How to reach a running sandbox's network and clock; what `GEN2_SANDBOX` holds as JSON. */
export type SandboxAccess = z.infer<typeof accessSchema>;

/** Reads the text of `GEN2_SANDBOX`. @throws {MigrationError} `USAGE`. */
export function parseSandboxAccess(text: string): SandboxAccess {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    data = undefined;
  }
  const parsed = accessSchema.safeParse(data);
  if (parsed.success) return parsed.data;
  throw new MigrationError('USAGE', 'GEN2_SANDBOX does not hold what `gen2 sandbox` printed', {
    hint: 'Copy the whole line, or unset it to work on the real world.',
  });
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
