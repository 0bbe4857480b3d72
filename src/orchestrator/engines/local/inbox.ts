import { mkdir, readFile, readdir, rename, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { InboxMessage } from './inbox-message.ts';
import { unwritable } from './journal.ts';

/** Leaves a message for an execution, whether it runs or not. */
export async function sendMessage(folder: string, message: InboxMessage): Promise<void> {
  const inbox = join(folder, 'inbox');
  const name = `${Date.now()}-${crypto.randomUUID()}`;
  try {
    await mkdir(inbox, { recursive: true });
    await writeFile(join(inbox, `${name}.draft`), JSON.stringify(message), { flush: true });
    await rename(join(inbox, `${name}.draft`), join(inbox, `${name}.json`));
  } catch (error) {
    throw unwritable(inbox, error);
  }
}

export interface ReceivedMessage {
  readonly message: InboxMessage;
  /** Takes it out of the inbox; call it once what it said is written down. */
  readonly done: () => Promise<void>;
}

/** The messages waiting, oldest first. */
export async function readMessages(folder: string): Promise<readonly ReceivedMessage[]> {
  const inbox = join(folder, 'inbox');
  const names = (await readdir(inbox).catch(() => [])).filter((name) => name.endsWith('.json')).toSorted();
  if (names.length === 0) return [];
  const { messageSchema } = await import('./inbox-message.ts');
  const received: ReceivedMessage[] = [];
  for (const name of names) {
    const path = join(inbox, name);
    const parsed = messageSchema.safeParse(JSON.parse(await readFile(path, 'utf8')));
    const done = (): Promise<void> => unlink(path);
    if (parsed.success) received.push({ message: parsed.data, done });
    else await done();
  }
  return received;
}

/** True when the last word on it was to pause. */
export function isPauseAsked(messages: readonly ReceivedMessage[]): boolean {
  const last = messages.findLast(({ message }) => message.type === 'pause' || message.type === 'resume');
  return last?.message.type === 'pause';
}
