import { Ledger } from './accounting.ts';
import type { Disposition } from './accounting.ts';
import type { ConvertOptions, RunningApp, TargetRack } from './convert-types.ts';
import { Decisions } from './decisions.ts';
import type { Question } from './decisions.ts';
import { DraftMap } from './draft.ts';
import type { FindingCode, FindingDetails, FindingList, Place, Severity } from './finding.ts';
import type { Gen1Manifest, Gen1Service } from './gen1-types.ts';
import { supports } from './rack-features.ts';
import type { Feature } from './rack-features.ts';

/** What becomes of a service as a whole. */
export type Fate = 'service' | 'resource' | 'left-out';

/** One service on its way through the conversion. */
export interface ServicePlan {
  readonly source: Gen1Service;
  /** Its name in generation 2. */
  readonly name: string;
  readonly fate: Fate;
  /** Of a service that becomes a resource. */
  readonly resourceType: string | undefined;
  /** The keys written for it. */
  readonly fields: DraftMap;
  /** Variables it needs by name although neither the app environment nor the manifest has them yet. */
  readonly promisedVariables: Set<string>;
  /** Set once its ports are decided: whether it can be reached by HTTP. */
  isReachable: boolean;
  isInternal: boolean;
  /** Container port of `port`; undefined without one. */
  port: number | undefined;
}

/** The state of one conversion, handed from topic to topic. */
export class Workspace {
  readonly manifest: Gen1Manifest;
  readonly app: RunningApp | undefined;
  readonly rack: TargetRack;
  readonly domains: Readonly<Record<string, readonly string[]>>;
  readonly findings: FindingList;
  readonly decisions: Decisions;
  readonly ledger = new Ledger();
  readonly timers = new DraftMap();
  readonly resources = new DraftMap();
  /** Names the operator says to be, or is told to put, in the app environment. */
  readonly promisedVariables = new Set<string>();
  /** The names of the app environment; undefined if they are not known. */
  readonly envNames: ReadonlySet<string> | undefined;
  #plans = new Map<string, ServicePlan>();

  constructor(manifest: Gen1Manifest, rack: TargetRack, options: ConvertOptions, findings: FindingList) {
    this.manifest = manifest;
    this.app = options.app;
    this.rack = rack;
    this.domains = options.domains ?? options.app?.dnsNames ?? {};
    this.envNames = options.app?.envNames === undefined ? undefined : new Set(options.app.envNames);
    this.findings = findings;
    this.decisions = new Decisions(options.answers ?? {}, findings);
  }

  /** True if the target rack has the feature. */
  has(feature: Feature): boolean {
    return supports(this.rack.version, feature);
  }

  /** True if the rack the old app runs on has the feature. */
  sourceHas(feature: Feature): boolean {
    return supports(this.rack.sourceVersion ?? this.rack.version, feature);
  }

  /** Count, cpu and memory of the running service, if known. */
  formation(service: string): { readonly count: number; readonly cpu: number; readonly memory: number } | undefined {
    const formation = this.app?.formation ?? {};
    return Object.hasOwn(formation, service) ? formation[service] : undefined;
  }

  /** A parameter of the app's stack, if known. */
  parameter(name: string): string | undefined {
    const parameters = this.app?.parameters ?? {};
    return Object.hasOwn(parameters, name) ? parameters[name] : undefined;
  }

  plan(gen1Name: string): ServicePlan | undefined {
    return this.#plans.get(gen1Name);
  }

  /** The services in the order of the manifest. */
  get plans(): readonly ServicePlan[] {
    return [...this.#plans.values()];
  }

  setPlans(plans: readonly ServicePlan[]): void {
    this.#plans = new Map(plans.map((plan) => [plan.source.name, plan]));
  }

  mark(at: Place, disposition: Disposition, note: string): void {
    this.ledger.mark(at, disposition, note);
  }

  say(severity: Severity, code: FindingCode, details: FindingDetails): void {
    this.findings.add(severity, code, details);
  }

  settle(question: Question): string | undefined {
    return this.decisions.settle(question);
  }
}

/** `my-app` as it stands in parameter names: `MyApp` (convox/rack@20171213132441 api/models/templates.go UpperName). */
export function parameterName(service: string): string {
  return service
    .split('-')
    .map((part) => part.slice(0, 1).toUpperCase() + part.slice(1))
    .join('');
}
