import { DEFAULT_PROGRAM, type Program } from '../../model/compute.ts';
import type { StackOutput } from '../../model/stacks.ts';

/** A release as a template needs it. */
export interface AppRelease {
  readonly id: string;
  readonly build: string;
  /** Text of docker-compose.yml or convox.yml. */
  readonly manifest: string;
  readonly environment: ReadonlyMap<string, string>;
  /** What `program.json` of each service's build says, by service. */
  readonly programs: ReadonlyMap<string, Partial<Program>>;
}

export interface AppRequest {
  readonly app: string;
  readonly rackVersion: string;
  /** Absent = the stack of an app that nothing has been promoted to. */
  readonly release?: AppRelease;
  /** Values in force or wanted; what the template does not declare is ignored, what is missing gets its default. */
  readonly parameters: ReadonlyMap<string, string>;
}

export function programOf({ programs }: AppRelease, service: string): Program {
  return { ...DEFAULT_PROGRAM, ...programs.get(service) };
}

export function output(key: string, value: string, exportName?: string): StackOutput {
  return { key, value, exportName };
}

/** `count,cpu,memory` of a service. */
export function formationOf(text: string | undefined, standard: string): readonly [number, number, number] {
  const [count = 1, cpu = 0, memory = 256] = (text ?? standard).split(',').map(Number);
  return [count, cpu, memory];
}
