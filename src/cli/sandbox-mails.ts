import axios from 'axios';
import { createInterface } from 'node:readline/promises';
import * as z from 'zod';
import { EXIT_CODES, MigrationError } from '../errors.ts';
import type { Invocation } from './command.ts';
import { OPTIONS } from './options/options.ts';
import { findSandbox } from './sandbox-access.ts';
import { asStream } from './terminal-stream.ts';

const mailSchema = z.object({
  id: z.string(),
  domain: z.string(),
  to: z.array(z.string()),
  sentAt: z.number(),
  approvedAt: z.number().optional(),
});
type Mail = z.infer<typeof mailSchema>;

const refusalSchema = z.object({ error: z.string() });

const REQUEST_TIMEOUT_MS = 10_000;

/** Lists the certificate mails that arrived in a running sandbox and follows the link in those not yet followed. */
export async function handleMails(invocation: Invocation): Promise<number> {
  const { shell, options } = invocation;
  const controlUrl = findSandbox(invocation)?.controlUrl;
  if (controlUrl === undefined) {
    throw new MigrationError('USAGE', 'no running sandbox is known here', {
      hint: 'Start one with `gen2 sandbox` and paste the lines it prints.',
    });
  }
  const mails = z.array(mailSchema).parse(await ask('get', `${controlUrl}/sandbox/mails`, shell.signal));
  const open = mails.filter(({ approvedAt }) => approvedAt === undefined);
  if (!options.has(OPTIONS.json)) shell.stdout.write(listText(mails));
  if (open.length > 0 && (await wantsToApprove(invocation, open))) {
    const results = await approveAll(controlUrl, open, shell.signal);
    if (!options.has(OPTIONS.json)) shell.stdout.write(results.map((line) => `${line}\n`).join(''));
  }
  if (options.has(OPTIONS.json)) {
    const now = await ask('get', `${controlUrl}/sandbox/mails`, shell.signal);
    shell.stdout.write(`${JSON.stringify(z.array(mailSchema).parse(now))}\n`);
  }
  return EXIT_CODES.ok;
}

/** A link may lead nowhere: its request is over, by another mail of the same domain or because it was given up. */
async function approveAll(controlUrl: string, mails: readonly Mail[], signal: AbortSignal): Promise<readonly string[]> {
  const lines: string[] = [];
  for (const { id, domain } of mails) {
    const answer = await ask('post', `${controlUrl}/sandbox/mails/${id}/approve`, signal);
    const refusal = refusalSchema.safeParse(answer);
    lines.push(refusal.success ? `void: ${domain}: ${refusal.data.error}` : `approved: ${domain}`);
  }
  return lines;
}

function listText(mails: readonly Mail[]): string {
  if (mails.length === 0) return 'no mail has arrived\n';
  const lines = mails.map(({ domain, to, sentAt, approvedAt }) => {
    const state = approvedAt === undefined ? 'waits for a click' : 'approved';
    return `${new Date(sentAt).toISOString()}  ${domain}  to ${to.join(', ')}: ${state}\n`;
  });
  return lines.join('');
}

/** On a terminal it asks; elsewhere it approves, since that is what the command is called for in scripts. */
async function wantsToApprove({ shell }: Invocation, open: readonly Mail[]): Promise<boolean> {
  if (shell.stdin().isTTY !== true || !shell.stderr.isTTY) return true;
  const terminal = createInterface({ input: shell.stdin(), output: asStream(shell.stderr), terminal: true });
  terminal.on('SIGINT', () => shell.interrupt('SIGINT'));
  try {
    const what = open.length === 1 ? 'it' : `all ${open.length}`;
    const typed = await terminal.question(`Approve ${what}? [yes/no] `, { signal: shell.signal });
    return typed.trim() === 'yes';
  } finally {
    terminal.close();
  }
}

async function ask(method: 'get' | 'post', url: string, signal: AbortSignal): Promise<unknown> {
  try {
    const { data } = await axios.request<unknown>({
      ...{ method, url, signal, timeout: REQUEST_TIMEOUT_MS },
      // The sandbox says why it refuses in the body.
      validateStatus: (status) => status === 200 || status === 400,
    });
    return data;
  } catch (error) {
    const code = axios.isAxiosError(error) ? (error.code ?? 'no answer') : 'no answer';
    throw new MigrationError('RACK_UNREACHABLE', `the sandbox does not answer at ${new URL(url).host} (${code})`, {
      hint: 'See that `gen2 sandbox` still runs, and that its latest lines were pasted here.',
    });
  }
}
