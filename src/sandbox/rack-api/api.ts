import { AwsRefusal, type World } from '../world.ts';
import type { RackHost } from './rack-host.ts';
import type { RackStore } from './rack-store.ts';
import { eraOf, type Era } from './rack-versions.ts';
import { RackRefusal } from './reply.ts';
import { StackView, type StackFacts } from './stack-view.ts';

/** One of the rack's API processes: what it knows from its own start, and its own cache. */
export class Api {
  readonly world: World;
  readonly store: RackStore;
  readonly host: RackHost;
  readonly view: StackView;
  readonly version: string;
  readonly era: Era;
  /** Whether this process was started with `Internal=Yes`: `promote` asks it, not the stack. */
  readonly supportsInternal: boolean;
  /** Whether this process was started with `InternalOnly=Yes`. */
  readonly isInternalOnly: boolean;
  /** Aborted when this process ends: what it does in the background ends with it. */
  readonly life: AbortSignal;

  constructor(options: {
    readonly world: World;
    readonly store: RackStore;
    readonly host: RackHost;
    readonly version: string;
    readonly parameters: ReadonlyMap<string, string>;
    readonly life: AbortSignal;
  }) {
    this.world = options.world;
    this.store = options.store;
    this.host = options.host;
    this.version = options.version;
    this.era = eraOf(options.version);
    this.supportsInternal = options.parameters.get('Internal') === 'Yes';
    this.isInternalOnly = options.parameters.get('InternalOnly') === 'Yes';
    this.life = options.life;
    this.view = new StackView(options.world);
  }

  get rack(): string {
    return this.world.settings.rackName;
  }

  get isClassic(): boolean {
    return this.era === 'classic';
  }

  has(since: string): boolean {
    return this.version >= since;
  }

  stackName(app: string): string {
    return `${this.rack}-${app}`;
  }

  /** An app's stack, or undefined: no such stack, or one that is no app. */
  findApp(app: string): StackFacts | undefined {
    const stack = this.view.describe(this.stackName(app));
    return stack?.tags.get('Type') === 'app' ? stack : undefined;
  }

  /** Throws what most operations say to an unknown app: classic 500, standard 404. */
  requireApp(app: string): StackFacts {
    const stack = this.findApp(app);
    if (stack !== undefined) return stack;
    throw this.isClassic ? new RackRefusal(500, `${app} not found`) : new RackRefusal(404, `app not found: ${app}`);
  }

  rackStack(): StackFacts {
    const stack = this.view.describe(this.rack);
    if (stack === undefined) throw this.awsError('ValidationError', `Stack with id ${this.rack} does not exist`);
    return stack;
  }

  /** An AWS error as the provider passes it on. */
  awsError(code: string, message: string): RackRefusal {
    return new RackRefusal(500, this.awsText(code, message, 400));
  }

  /** A call to AWS whose refusal reaches the client as 500 with AWS's text. */
  callAws<T>(call: () => T): T {
    try {
      return call();
    } catch (error) {
      if (error instanceof AwsRefusal)
        throw new RackRefusal(500, this.awsText(error.code, error.message, error.status));
      throw error;
    }
  }

  /** Runs after `ms` simulated milliseconds unless this process has ended by then. */
  later(ms: number, task: () => void): void {
    this.world.clock.after(ms, () => {
      if (!this.life.aborted) task();
    });
  }

  /** A log line of an app (or, under the rack's name, of the rack). */
  log(app: string, message: string, source?: { service: string; release: string; process: string }): void {
    const { service = 'system/cloudformation', release = '', process = '' } = source ?? {};
    this.store.logs.group(app).append({ at: this.world.clock.now(), service, release, process, message });
  }

  awsText(code: string, message: string, status: number): string {
    return `${code}: ${message}\n\tstatus code: ${status}, request id: ${this.world.random.uuid()}`;
  }
}
