import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { TrafficOptions } from '../../sandbox/network/traffic/start-traffic.ts';
import type { TrafficReport } from '../../sandbox/network/traffic/traffic-report.ts';
import type { ScaledClockOptions } from '../../time/clock.ts';

/** What the process is told to send; time is the sandbox's, told by scale and start. */
export interface TrafficProcessOptions extends Omit<TrafficOptions, 'clock'> {
  readonly clock: ScaledClockOptions;
}

export type TrafficOrder =
  | { readonly order: 'start'; readonly options: TrafficProcessOptions }
  | { readonly order: 'mark'; readonly step: string | undefined }
  | { readonly order: 'snapshot' | 'stop'; readonly ticket: number };

export interface TrafficAnswer {
  readonly ticket: number;
  readonly report: TrafficReport;
}

export interface TrafficProcess {
  /** Names what is under way, so that failures can be told by step; undefined = nothing. */
  mark(step: string | undefined): void;
  snapshot(): Promise<TrafficReport>;
  /** Sends no more, waits for what is under way, and ends the process. */
  stop(): Promise<TrafficReport>;
}

export interface ProcessRuntime {
  /** Options of Node.js for the process; default: those of this one. */
  readonly execArgv?: readonly string[];
}

/** The traffic generator in a process of its own: neither does it make the sandbox late, nor the sandbox it. */
export function startTrafficProcess(options: TrafficProcessOptions, runtime: ProcessRuntime = {}): TrafficProcess {
  return new ForkedTraffic(options, runtime);
}

interface Waiting {
  readonly resolve: (report: TrafficReport) => void;
  readonly reject: (error: Error) => void;
}

class ForkedTraffic implements TrafficProcess {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  #tickets = 0;
  #failure: Error | undefined;

  constructor(options: TrafficProcessOptions, { execArgv }: ProcessRuntime) {
    // A source finds the source beside it, the bundled program the bundle beside it (scripts/bundle.mjs).
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    const main = fileURLToPath(new URL(`traffic-process-main.${extension}`, import.meta.url));
    this.#child = fork(main, {
      serialization: 'advanced',
      ...(execArgv === undefined ? {} : { execArgv: [...execArgv] }),
    });
    // Both ends of the channel are this program's own, of one version.
    this.#child.on('message', (message) => this.#answered(message as TrafficAnswer));
    this.#child.on('error', (error) => this.#fail(error));
    this.#child.on('exit', () => this.#fail(new Error('the traffic generator has ended')));
    this.#tell({ order: 'start', options });
  }

  mark(step: string | undefined): void {
    this.#tell({ order: 'mark', step });
  }

  snapshot(): Promise<TrafficReport> {
    return this.#ask('snapshot');
  }

  async stop(): Promise<TrafficReport> {
    try {
      return await this.#ask('stop');
    } finally {
      if (this.#child.connected) this.#child.disconnect();
    }
  }

  #ask(order: 'snapshot' | 'stop'): Promise<TrafficReport> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const ticket = (this.#tickets += 1);
    return new Promise((resolve, reject) => {
      this.#waiting.set(ticket, { resolve, reject });
      this.#tell({ order, ticket });
    });
  }

  #answered({ ticket, report }: TrafficAnswer): void {
    this.#waiting.get(ticket)?.resolve(report);
    this.#waiting.delete(ticket);
  }

  #tell(order: TrafficOrder): void {
    if (!this.#child.connected) return;
    this.#child.send(order, (error) => {
      if (error !== null) this.#fail(error);
    });
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of this.#waiting.values()) reject(this.#failure);
    this.#waiting.clear();
  }
}
