import { readFile, readlink } from 'node:fs/promises';
import { hostname } from 'node:os';

/** Tells one process from any other, over hosts, containers, restarts and reused pids. */
export interface ProcessIdentity {
  readonly host: string;
  readonly pid: number;
  /** Boot of the kernel; the same in all containers of a machine. Empty where it cannot be read. */
  readonly boot: string;
  /** Namespace in which `pid` counts. Empty where it cannot be read. */
  readonly pidNamespace: string;
  /** Start of the process in clock ticks since boot; empty where it cannot be read. */
  readonly started: string;
}

/** The identity of a process of this machine and namespace. */
export async function identityOf(pid: number): Promise<ProcessIdentity> {
  const [boot, pidNamespace, started] = await Promise.all([
    readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => ''),
    readlink('/proc/self/ns/pid').catch(() => ''),
    startOf(pid),
  ]);
  return { host: hostname(), pid, boot: boot.trim(), pidNamespace, started };
}

/** Field 22 of /proc/PID/stat (proc(5)); the name before it may hold spaces and parentheses. */
async function startOf(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

/** Whether a process lives; undefined when it cannot be told from here (other host, other container). */
export async function isAlive(
  identity: ProcessIdentity,
  self: ProcessIdentity,
  exists: (pid: number) => boolean,
): Promise<boolean | undefined> {
  if (identity.host !== self.host && identity.boot !== self.boot) return undefined;
  if (identity.boot !== self.boot) return false; // this host, an earlier boot
  if (identity.pidNamespace !== self.pidNamespace) return undefined;
  if (!exists(identity.pid)) return false;
  return identity.started === '' || (await startOf(identity.pid)) === identity.started;
}
