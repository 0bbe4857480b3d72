import { join } from 'node:path';
import { startChild, type Child } from './children.ts';
import type { KillPlace, Moved } from './kill-run.ts';

const MAX_RESUMES = 3;

/** Moves `shop` with the local engine: one process at a time, the next begun when the last has died. */
export async function moveLocally({ folder, sourceFolder, point, killer, access }: KillPlace): Promise<Moved> {
  const orders = { ...access, state: join(folder, 'state'), sourceFolder };
  const run = async (killAtWrite?: number): Promise<Awaited<Child['ended']> & { readonly output: string }> => {
    const child = startChild('child', { ...orders, killAtWrite });
    killer.victim = child.process;
    return { ...(await child.ended), output: child.output() };
  };
  let last = await run(point.at === 'write' ? point.number : undefined);
  const died = last.killed;
  for (let resumes = 0; last.killed && resumes < MAX_RESUMES; resumes += 1) last = await run();
  const said = /"writes":(\d+)/.exec(last.output)?.[1];
  const problem = last.code === 0 ? undefined : `exit ${last.code ?? 'by signal'}: ${last.output.slice(-2000)}`;
  return { problem, died, writes: Number(said ?? 0), takenOverMs: undefined };
}
