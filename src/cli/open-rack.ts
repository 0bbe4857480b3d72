import type { RackClientOptions } from '../convox-api/options.ts';
import { RackClient } from '../convox-api/rack-client.ts';
import type { Invocation } from './command.ts';
import { getRackLogin, readTls } from './credentials.ts';
import { given } from './given.ts';
import { verbosityOf } from './output/choose-view.ts';
import { clockOf, findSandbox } from './sandbox-access.ts';

/** The rack's API alone. */
export async function openRack(
  invocation: Invocation,
  { readOnly }: { readonly readOnly: boolean },
): Promise<RackClient> {
  const clock = clockOf(findSandbox(invocation));
  return new RackClient({ ...(await rackOptions(invocation)), clock, readOnly });
}

/** How to reach the rack of this call. */
export async function rackOptions(invocation: Invocation): Promise<Omit<RackClientOptions, 'clock' | 'readOnly'>> {
  const { url, password } = await getRackLogin(invocation);
  const versionsUrl = findSandbox(invocation)?.versionsUrl;
  const base = { url, password, tls: readTls(invocation), ...given('versionsUrl', versionsUrl) };
  if (verbosityOf(invocation) !== 'verbose') return base;
  const { stderr } = invocation.shell;
  return {
    ...base,
    onCall: ({ operation, method, path, status }) =>
      stderr.write(`  rack ${operation}: ${method} ${path} → ${status ?? 'no answer'}\n`),
  };
}
